/** Asked at the very moment of sending: whether what was decided about a message still holds, as far as is known at once. */
export type MayBeSent = () => boolean;

/** A message was not sent: what was decided about it may hold no more since it had to wait. It is decided about again. */
export class NotSent extends Error {
  override readonly name = 'NotSent';

  constructor() {
    super('What was decided about the message may hold no more.');
  }
}
