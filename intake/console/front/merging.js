/** Being built. */
export function addMerging(_desk, _add) {}
