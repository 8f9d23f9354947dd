// Searches: the best value so far against the number of queries, a panel for each task.

/** Draw all searches, those of one searcher in one style; without any, the section stays hidden. */
function drawSearches({searches}, columns) {
  if (!searches.length) return;
  byId("searches").hidden = false;
  const searchers = [...new Set(searches.map(search => search.searcher))];
  const styles = new Map(searchers.map((name, i) => [name, {
    colour: PALETTE[i % PALETTE.length],
    dash: DASHES[Math.floor(i / PALETTE.length) % DASHES.length],
  }]));
  const runs = name => searches.filter(search => search.searcher === name).length;
  byId("search-legend").replaceChildren(
    ...searchers.map(name => legendEntry(styles.get(name), `${name} (${runs(name)})`)));
  const tasks = [...new Set(searches.flatMap(search => search.curves.map(curve => curve.task)))];
  byId("search-panels").replaceChildren(...tasks.map(task => {
    const column = columns.all.find(one => one.name === task);
    const unit = column ? unitInBrackets(column) : "", isLower = column && column.better < 0;
    const caption = `${task}${unit}, ${isLower ? "lower" : "higher"} is better`;
    return element("figure", {}, element("figcaption", {}, caption), searchChart(task, searches, styles));
  }));
}

function searchChart(task, searches, styles) {
  const series = [];
  let mostQueries = 1;
  for (const {searcher, queries, curves} of searches) {
    for (const curve of curves) {
      if (curve.task !== task || !curve.step.length) continue;
      series.push({...styles.get(searcher), points: stairs(curve, queries)});
      mostQueries = Math.max(mostQueries, queries);
    }
  }
  const values = series.flatMap(line => line.points.map(point => point[1]));
  return lineChart({
    width: 300, height: 230, xLimits: [0, mostQueries], yLimits: valueLimits(values), series,
    xLabel: "queries →", yLabel: "best so far", title: task,
  });
}

/** The line of a curve, whose `best` values hold from their `step` to the next one. */
function stairs({step, best}, queries) {
  const points = [];
  step.forEach((query, i) => {
    if (i > 0) points.push([query, best[i - 1]]);
    points.push([query, best[i]]);
  });
  points.push([queries, best[best.length - 1]]);
  return points;
}

function valueLimits(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const margin = low === high ? Math.abs(low) * 0.01 || 1 : 0;
  return [low - margin, high + margin];
}
