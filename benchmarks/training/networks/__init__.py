"""The backbones, the decoders of the tasks and the discriminator, built from network graphs."""
