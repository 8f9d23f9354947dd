"""Images and labels: where they come from, how a batch is made, augmented and turned into targets."""
