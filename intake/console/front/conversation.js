/** Being built. */
export function mountConversation(_root, _desk) {}
