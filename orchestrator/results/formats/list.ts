// The names of formats, for the command line: nothing of the formats themselves is loaded for `--help`.
export const formatNames = [
  ...(['synos', 'google-benchmark', 'hyperfine', 'bmf', 'customSmallerIsBetter'] as const),
  ...(['customBiggerIsBetter', 'junit', 'ktap', 'lava', 'openmetrics'] as const),
] as const;

export type FormatName = (typeof formatNames)[number];
