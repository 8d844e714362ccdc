import type { UserErrorData } from '../protocol/errors';

/** An error of the server: what is wrong, and what to do next. */
export class ServerFailure extends Error {
  constructor(readonly data: UserErrorData) {
    super(`${data.message} ${data.next}`);
  }
}
