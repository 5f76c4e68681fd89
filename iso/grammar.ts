// What names, versions and paths of packages may be: they end in command lines, file names and URLs.

export const packageName = /^[a-z0-9][a-z0-9+.-]+$/;
export const packageVersion = /^(?:[0-9]+:)?[0-9A-Za-z.+~-]+$/;

/** Of an archive or a repository, in the configuration and in the lock. */
export const archiveName = /^[a-z][a-z0-9-]{0,31}$/;

/** Below a mirror's URL. No `.` before a slash or at a start: so neither `..` nor hidden names, and nothing that a URL would read as more than a path. */
export const packagePath =
  /^(?:[A-Za-z0-9_+~-][A-Za-z0-9_.+~%-]{0,127}\/){0,16}[A-Za-z0-9][A-Za-z0-9_.+~%:-]{0,250}\.deb$/;
