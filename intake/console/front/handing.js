/** Being built. */
export function mountHanding(_root, _desk) {}
