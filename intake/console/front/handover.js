/** Being built. */
export function mountHandover(_root, _desk) {}
