// Module k6/experimental/fs as modules from https:// see it, which open no files of this machine.
import { File, SeekMode } from 'k6/experimental/fs';

export { File, SeekMode };

export async function open() {
  throw new Error('open() failed; reason: it is not for modules from https://, which see no files of this machine');
}

export default { open, File, SeekMode };
