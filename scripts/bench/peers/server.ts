// A mirror on the loopback, in a process of its own: serves a folder, all connections together at no more than a rate.
//   node scripts/bench/peers/server.ts FOLDER PORT [MB/s, default 0: no limit]
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder = '.', port = '8971', rate = '0'] = process.argv.slice(2);
const bytesPerMs = Number(rate) * 1000;
/** When the line is free again: all connections share it. */
let freeAt = 0;

function throttle(): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const now = performance.now();
      freeAt = Math.max(freeAt, now) + piece.length / bytesPerMs;
      void sleep(freeAt - now).then(() => done(null, piece));
    },
  });
}

const server = createServer((request, response) => {
  const path = join(
    folder,
    normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname)),
  );
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  response.writeHead(range ? 206 : 200, {
    'content-length': found.size - start,
    'last-modified': found.mtime.toUTCString(),
    ...(range ? { 'content-range': `bytes ${start}-${found.size - 1}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const file = createReadStream(path, { start });
  // A client that goes away is its own affair.
  pipeline(bytesPerMs > 0 ? [file, throttle(), response] : [file, response]).catch(() => {});
});
// Ends with whoever started it, however that ends.
process.stdin.resume().on('end', () => process.exit());
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
