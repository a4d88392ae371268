import type { HeldMemory } from '../base/held-memory.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { type EventIdParts, orderAt } from '../store/event-ids.ts';
import type { ToolCall } from '../store/tool-calls.ts';
import { type AuditedCall, OMITTED_ARGUMENTS, storedCall } from './call-events.ts';

/** The waiting calls of one organization; the characters are those of arguments. */
type Share = { calls: number; characters: number; held: HeldMemory | undefined };

type Call = AuditedCall & EventIdParts;
type Kept = Omit<Call, 'arguments'> & { arguments: Call['arguments'] };

/**
 * The calls that wait to be stored, in order of arrival.
 *
 * Each organization may have a quarter of the waiting calls, and more only while another quarter stays free.
 */
export class WaitingCalls {
  readonly #budget: MemoryBudget;
  readonly #mostCalls: number;
  readonly #mostCharacters: number;
  readonly #kept: Kept[] = [];
  #characters = 0;
  readonly #shares = new Map<string, Share>();

  /** The maximum number of waiting calls, and of characters of their arguments, which the budget also holds. */
  constructor(budget: MemoryBudget, mostCalls: number, mostCharacters: number) {
    this.#budget = budget;
    this.#mostCalls = mostCalls;
    this.#mostCharacters = mostCharacters;
  }

  get count(): number {
    return this.#kept.length;
  }

  /**
   * Adds a call; returns false if the maximum of all, or of its organization, already waits. Arguments without room are
   * left out, and marked as cut.
   */
  add(call: AuditedCall): boolean {
    const share = this.#shareOf(call.organizationId);
    if (!hasRoom(this.#kept.length, share.calls, 1, this.#mostCalls)) {
      return false;
    }
    const kept: Kept = { ...call, order: orderAt(call.at) };
    this.#kept.push(kept);
    share.calls += 1;
    const characters = call.arguments?.text.length ?? 0;
    if (characters > 0 && !this.#hold(call.organizationId, share, characters)) {
      kept.arguments = OMITTED_ARGUMENTS;
    }
    return true;
  }

  /** Whether there is room for arguments of an organization. */
  hasRoomFor(organizationId: string): boolean {
    const characters = this.#shares.get(organizationId)?.characters ?? 0;
    return hasRoom(this.#characters, characters, 1, this.#mostCharacters);
  }

  #shareOf(organizationId: string): Share {
    let share = this.#shares.get(organizationId);
    if (share === undefined) {
      share = { calls: 0, characters: 0, held: undefined };
      this.#shares.set(organizationId, share);
    }
    return share;
  }

  #hold(organizationId: string, share: Share, characters: number): boolean {
    if (!hasRoom(this.#characters, share.characters, characters, this.#mostCharacters)) {
      return false;
    }
    if (share.held === undefined) {
      share.held = this.#budget.hold(organizationId, 'audit', 0);
      share.held.allowRelease('underWay', () => this.#cut(organizationId, share));
    }
    if (!share.held.tryResize(share.characters + characters)) {
      return false;
    }
    share.characters += characters;
    this.#characters += characters;
    return true;
  }

  /** Drops all arguments of an organization: another holder needs the room. */
  #cut(organizationId: string, share: Share): void {
    for (const kept of this.#kept) {
      if (kept.organizationId === organizationId && kept.arguments !== undefined) {
        kept.arguments = OMITTED_ARGUMENTS;
      }
    }
    this.#characters -= share.characters;
    share.characters = 0;
    share.held = undefined;
  }

  /** Returns some calls in their stored form, counted from the oldest; repeated calls return the same ones. */
  stored(from: number, to: number): ToolCall[] {
    return this.#kept.slice(from, to).map(storedCall);
  }

  /** Removes the oldest calls. */
  drop(count: number): void {
    for (const kept of this.#kept.splice(0, count)) {
      this.#giveBack(kept.organizationId, kept.arguments?.text.length ?? 0);
    }
  }

  #giveBack(organizationId: string, characters: number): void {
    const share = this.#shareOf(organizationId);
    share.calls -= 1;
    share.characters -= characters;
    this.#characters -= characters;
    if (share.calls === 0) {
      share.held?.release();
      this.#shares.delete(organizationId);
    } else if (characters > 0) {
      share.held?.tryResize(share.characters);
    }
  }
}

/** Whether one may have so much more: a quarter of `most` in any case, and beyond it what leaves another quarter free. */
const hasRoom = (all: number, own: number, more: number, most: number): boolean =>
  all + more <= (own + more <= most / 4 ? most : (most / 4) * 3);
