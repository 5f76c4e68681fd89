// QMP: commands and answers over a socket that may tear lines, say nonsense, or close.
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { openQmp, type QmpEvent } from './qmp.ts';

// QEMU's end of the socket: `told` is what was sent to it, `say` answers.
function socket() {
  const told: { execute: string; id: number; arguments: unknown }[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trim().split('\n')) told.push(JSON.parse(line));
      done();
    },
  });
  const say = (text: string): void => void stream.push(text);
  const events: QmpEvent[] = [];
  const qmp = openQmp(stream, (event) => events.push(event));
  return { told, stream, say, events, qmp };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the handshake is sent at once, and the greeting tells the version', async () => {
  const { told, say, qmp } = socket();
  say(
    '{"QMP":{"version":{"qemu":{"major":7,"minor":2,"micro":22},"package":"Debian"},"capabilities":[]}}\r\n',
  );
  expect(told).toMatchObject([{ execute: 'qmp_capabilities', id: 0 }]);
  say('{"return":{},"id":0}\r\n');
  await qmp.ready;
  expect(qmp.version()).toBe('7.2.22 (Debian)');
});

test('answers find their commands, in whatever pieces and order they come', async () => {
  const { say, qmp } = socket();
  const first = qmp.execute('a');
  const second = qmp.monitor('info registers');
  say('{"return":"text","id":2}\n{"retu');
  say('rn":5,"id":1}\n');
  expect(await Promise.all([first, second])).toEqual([5, 'text']);
});

test("an error has QEMU's own words", async () => {
  const { say, qmp } = socket();
  const answer = qmp.execute('cont');
  say('{"error":{"class":"GenericError","desc":"Resetting is required"},"id":1}\n');
  await expect(answer).rejects.toThrow('Resetting is required');
});

test('events are told with their reason', async () => {
  const { say, events } = socket();
  say('{"timestamp":{},"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}}\n{"event":"STOP"}\n');
  await settled();
  expect(events).toEqual([
    { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } },
    { event: 'STOP', data: {} },
  ]);
});

test('a socket that closes fails what waits and what comes later', async () => {
  const { stream, qmp } = socket();
  const waiting = qmp.execute('quit');
  stream.destroy();
  await expect(waiting).rejects.toThrow('closed');
  await expect(qmp.execute('cont')).rejects.toThrow('closed');
  await expect(qmp.ready).rejects.toThrow('closed');
});

test('lines that are not JSON pass by', async () => {
  const { say, qmp } = socket();
  const answer = qmp.execute('x');
  say('garbage\n[]\nnull\n{"return":1,"id":1}\n');
  expect(await answer).toBe(1);
});
