import packageJson from '../../package.json';

/** Whence's own version. */
export const version: string = packageJson.version;
