/** Being built. */
export function mountAlarms(_root, _desk) {}
