/** Being built. */
export function mountPlace(_root, _desk) {}
