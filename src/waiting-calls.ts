import { type AuditedCall, storedCall } from './call-events.ts';
import { type EventIdParts, orderAt } from './store/event-ids.ts';
import type { ToolCall } from './store/tool-calls.ts';

type Kept = Omit<AuditedCall, 'arguments'> & EventIdParts & { arguments: AuditedCall['arguments'] };

/**
 * Calls that wait to be stored, in the order they came. They stay in objects that are used again: what waits outlives the
 * young generation, and as garbage of the old one each call would cost more than to store it.
 */
export class WaitingCalls {
  readonly #most: number;
  /** Those that wait, and after them those to use again. */
  readonly #kept: Kept[] = [];
  #count = 0;
  #characters = 0;

  /** At most so many wait. */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** Characters of all arguments that wait. */
  get characters(): number {
    return this.#characters;
  }

  /** Keeps what a call says, or answers false when as many wait as may. */
  add(call: AuditedCall): boolean {
    if (this.#count === this.#most) {
      return false;
    }
    const order = orderAt(call.at);
    const kept = this.#kept[this.#count];
    if (kept === undefined) {
      this.#kept.push({ ...call, order });
    } else {
      Object.assign(kept, call, { order });
    }
    this.#count += 1;
    this.#characters += call.arguments?.text.length ?? 0;
    return true;
  }

  /** Some of them as they are stored, counted from the oldest; the same ones each time. */
  stored(from: number, to: number): ToolCall[] {
    return this.#kept.slice(from, to).map(storedCall);
  }

  /** Forgets the oldest ones. */
  drop(count: number): void {
    const dropped = this.#kept.splice(0, count);
    for (const kept of dropped) {
      this.#characters -= kept.arguments?.text.length ?? 0;
      kept.arguments = undefined;
    }
    this.#kept.push(...dropped);
    this.#count -= count;
  }
}
