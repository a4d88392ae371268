import { isObject } from '../base/is-object.ts';
import { parseExact } from '../base/json.ts';
import { readJson } from '../base/read-json.ts';
import * as requests from '../store/approval-requests.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Db } from '../store/store.ts';
import type { Receiver } from '../store/webhooks.ts';
import { slackText } from './slack-text.ts';

/** The maximum size of the arguments in an event: an event is news, and the request shows them whole. */
const MAX_ARGUMENT_BYTES = 256 * 1024;

/** Makes the body of an event for one webhook, with the page of its request below `publicUrl`. */
export async function eventBody(db: Db, receiver: Receiver, delivery: Delivery, publicUrl: string): Promise<string> {
  const { approvalRequestId, payload } = delivery;
  const event = readJson(payload);
  if (!isObject(event) || !isObject(event.data)) {
    throw new TypeError(`the delivery ${delivery.id} is no event`);
  }
  const { id, ...rest } = event.data;
  const about = approvalRequestId === null ? event.data : { id, url: `${publicUrl}/console/approvals/${id}`, ...rest };
  const isWanted = receiver.includeArguments && approvalRequestId !== null;
  const data = { ...about, ...(isWanted && (await argumentsOf(db, receiver.organizationId, approvalRequestId))) };
  const whole = { ...event, data };
  return JSON.stringify(receiver.format === 'slack' ? { text: slackText(whole) } : whole);
}

/** The arguments of a call with its numbers as written, as a member; nothing if there are none, or too many. */
async function argumentsOf(db: Db, organizationId: string, id: string): Promise<object> {
  const request = await requests.find(db, organizationId, id, 0);
  if (request === null || request.argumentsBytes > MAX_ARGUMENT_BYTES) {
    return {};
  }
  const contents = await requests.contents(db, organizationId, id);
  return contents === null || contents.sealed === null ? {} : (parseExact(contents.sealed) as object);
}
