// `brunt:events`: callbacks for what extensions let a script wait for.
import native from 'brunt:native';

// Calls `callback` once `waitable` is ready: while the script waits, in its event loop or in a blocking `sleep()`. With
// `hold`, the iteration does not end before.
export function when(waitable, callback, options) {
  native.when(waitable, callback, Boolean(options?.hold));
}

// A promise that is fulfilled once `waitable` is ready.
export function ready(waitable) {
  return new Promise((resolve) => native.when(waitable, () => resolve(), true));
}

export default { when, ready };
