// The page's own script: draws trends, distributions and traces, searches and sorts the metrics, copies commands. All figures are on the
// page without it.
import { copyWith } from './dom.js';
import { readData } from './data.js';
import { showFlame } from './flame.js';
import { showMetrics } from './metrics.js';
import { showTrace } from './traces.js';
import { showTreemap } from './treemap.js';

for (const button of document.querySelectorAll('.copy')) copyWith(button);
openForPrint();
void readData(document.getElementById('data').textContent).then(({ groups, traces, profiles, maps }) => {
  if (groups.length > 0) showMetrics(groups);
  for (const place of document.querySelectorAll('.trace-chart'))
    showTrace(place, traces[place.dataset.chart]);
  for (const place of document.querySelectorAll('[data-flame]')) showFlame(place, profiles[place.dataset.flame]);
  for (const place of document.querySelectorAll('[data-map]')) showTreemap(place, maps[place.dataset.map]);
  document.documentElement.dataset.ready = '';
  performance.mark('ready');
});

// Paper cannot be unfolded.
function openForPrint() {
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    for (const one of opened) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of opened) one.open = false;
  });
}
