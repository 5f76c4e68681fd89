// The day on which packages are configured does not show in their layer: Debian's essential packages, configured on other days.
//
// A library that the root loads into every program answers for the clock (ld.so(8), /etc/ld.so.preload). Files that are written get
// the kernel's time, as they do on any day; which that is, configuration knows.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { taskId } from '../../core/task.ts';
import { isoActions } from '../actions.ts';
import { fakes, planOf } from '../test-base.ts';
import { type Recipe, sh } from '../test-debs.ts';
import { makeDrive } from '../test-drive.ts';

const clock = `
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long days(void) {
  static long known = -1;
  if (known < 0) {
    FILE *file = fopen("/etc/other-day", "re");
    if (!file || fscanf(file, "%ld", &known) != 1) known = 0;
    if (file) fclose(file);
  }
  return known * 86400;
}
int clock_gettime(clockid_t id, struct timespec *at) {
  long done = syscall(SYS_clock_gettime, id, at);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) at->tv_sec += days();
  return done;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
`;

test('the layer of the base is the same on another day', async () => {
  const home = await mkdtemp(join(tmpdir(), 'iso-date-'));
  try {
    await writeFile(join(home, 'clock.c'), clock);
    await sh('gcc', '-O2', '-fPIC', '-shared', '-o', join(home, 'clock.so'), join(home, 'clock.c'));
    const library = await readFile(join(home, 'clock.so'));
    // Fails when it is not the other day, and makes what has a day in it.
    const postinst = `#!/bin/sh
set -e
boot=$(sed -n 's/^btime //p' /proc/stat)
up=$(cut -d . -f 1 /proc/uptime)
[ $((($(date +%s) - boot - up + 3600) / 86400)) -eq "$(cat /etc/other-day)" ]
useradd --system of-today
`;
    const other = (days: number): Recipe => ({
      name: 'other-day',
      control: { postinst, md5sums: '' },
      files: {
        'etc/ld.so.preload': '/usr/lib/other-day.so\n',
        'etc/other-day': `${days}\n`.padStart(6, '0'),
        'usr/lib/other-day.so': library,
      },
    });
    await using drive = await makeDrive(isoActions, { home: join(home, 'drive') });
    const layer = { task: taskId('iso:configure:base'), output: 'layer' };
    const digests: string[] = [];
    for (const days of [0, 1000]) {
      const tasks = await planOf(join(drive.home, 'shared'), [...fakes, other(days)]);
      await drive.run(tasks.filter((task) => task.id !== 'iso:root'));
      digests.push(drive.digest(layer));
      const seen = await sh('tar', '--extract', '--to-stdout', '--file', drive.path(layer), './etc/shadow');
      expect(seen).toMatch(/^of-today:/m);
    }
    expect(digests[1]).toBe(digests[0]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}, 600_000);
