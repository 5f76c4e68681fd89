// What a pack depends on beside its package: part of its key, and of the fingerprint of every task that names packs.

/** Raised when the same package gives other bytes, or other facts, which are kept with them. */
export const packFormat = 2;

/** What zstd makes of the same bytes may change with its version. */
export const compressorName = `zstd-${process.versions['zstd']}`;

/** Both as one number, for the versions of actions. */
export const packVersion = Number(
  [
    String(packFormat),
    ...(process.versions['zstd'] ?? '').split('.').map((part) => part.padStart(2, '0')),
  ].join(''),
);
