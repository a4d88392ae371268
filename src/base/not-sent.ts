/**
 * Called immediately before sending: whether the decision about a message is still valid, as far as the gateway can
 * tell at once.
 */
export type MayBeSent = () => boolean;

/** A message was not sent, because it had to wait and its decision may no longer be valid. It must be decided again. */
export class NotSent extends Error {
  override readonly name = 'NotSent';

  constructor() {
    super('What was decided about the message may hold no more.');
  }
}
