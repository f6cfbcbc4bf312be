/** Calls of the JSON interface. A refusal is an ApiError with the server's own code and words. */

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const TIMEOUT_MS = 10_000;
/** What a caller attached comes from its provider first. */
const FILE_TIMEOUT_MS = 90_000;

export class Api {
  /** @param {string} csrf sent back with every change */
  constructor(csrf) {
    this.csrf = csrf;
    /** Told of every refusal, before the caller is: 401 and 423 concern the whole desk. */
    this.onRefusal = (_error) => {};
  }

  get(path) {
    return this.ask('GET', path);
  }

  post(path, body = {}) {
    return this.ask('POST', path, body);
  }

  put(path, body = {}) {
    return this.ask('PUT', path, body);
  }

  /** `path` begins behind /api/v1. Status 0 where no answer came. */
  async ask(method, path, body) {
    let answer;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method,
        credentials: 'same-origin',
        headers: body === undefined ? {} : { 'Content-Type': 'application/json', 'X-CSRF': this.csrf },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw this.refuse(new ApiError(0, 'no_answer', String(error.message || error)));
    }
    const said = await answer.json().catch(() => ({ code: 'garbage', message: `status ${answer.status}` }));
    if (!answer.ok) throw this.refuse(new ApiError(answer.status, said.code, said.message));
    return said;
  }

  /**
   * A caller's file with what the server says of it; `signal` ends the waiting.
   * @returns {Promise<{blob: Blob, facts: any}>}
   */
  async file(path, signal) {
    let answer;
    try {
      answer = await fetch(`/api/v1${path}`, {
        credentials: 'same-origin',
        signal: AbortSignal.any([signal, AbortSignal.timeout(FILE_TIMEOUT_MS)]),
      });
      if (answer.ok) return { blob: await answer.blob(), facts: JSON.parse(answer.headers.get('X-Attachment')) };
    } catch (error) {
      throw this.refuse(new ApiError(0, 'no_answer', String(error.message || error)));
    }
    const said = await answer.json().catch(() => ({ code: 'garbage', message: `status ${answer.status}` }));
    throw this.refuse(new ApiError(answer.status, said.code, said.message));
  }

  refuse(error) {
    this.onRefusal(error);
    return error;
  }
}
