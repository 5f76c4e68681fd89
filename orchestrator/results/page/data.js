// What report/pack.ts put into the page, taken apart again.

/** The page's data, with every series' values in place. */
export async function readData(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const bytes = new Uint8Array(buffer, 4 + length);
  let place = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[place++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  for (const group of data.groups) {
    if (typeof group.runs === 'number') group.runs = data.groups[group.runs].runs;
    for (const metric of group.metrics) {
      if (metric.trend) metric.trend = unpackSeries(metric.trend, group.runs.length, next);
    }
  }
  for (const profile of data.profiles) profile.tree = unpackTree(profile.nodes, next);
  return data;
}

function unpackTree(count, next) {
  return Array.from({ length: count }, (_, index) => {
    const [parent, at, total, calls, before] = [index - next(), next(), next(), next(), next()];
    return { parent, function: at, total, calls, ...(before > 0 ? { before: before - 1 } : {}) };
  });
}

function unpackSeries(series, runs, next) {
  const values = Array(runs).fill(null);
  if (Array.isArray(series)) {
    for (let at = 0; at < series.length; at += 2)
      values.fill(quantity(series[at + 1]), series[at], series[at + 2] ?? runs);
    return values;
  }
  return values.map(() => {
    const read = next();
    if (read === 0) return null;
    const zigzag = read - 1;
    return digits(series.middle * Math.exp(series.step * (zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2)));
  });
}

function quantity(value) {
  return typeof value === 'string' ? BigInt(value) : value;
}

// Three digits and a half are more than the steps have.
function digits(value) {
  return Number(value.toPrecision(4));
}
