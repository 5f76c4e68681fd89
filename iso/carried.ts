// What an image says of itself: names below /live of an ISO.

export const carried = {
  /** Of iso/manifest.ts, compressed. */
  manifest: 'filesystem.manifest.zst',
  lock: 'synos.lock',
  squashfs: 'filesystem.squashfs',
} as const;
