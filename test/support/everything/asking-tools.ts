import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequests,
  inputRequired,
  type JsonSchemaType,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { answers, ask, elicit, sample } from './asking.ts';
import { ENUMS, PRIMITIVES } from './forms.ts';
import type { EverythingTool } from './tool.ts';

type Inputs = (args: Readonly<Record<string, unknown>>, ctx: ServerContext) => readonly InputRequests[];
type Details = { readonly stateful?: boolean; readonly argument?: string };

function askingTool(name: string, description: string, inputs: Inputs, details: Details = {}): EverythingTool {
  const { stateful = false, argument } = details;
  const inputSchema: JsonSchemaType | undefined =
    argument === undefined
      ? undefined
      : { type: 'object', properties: { [argument]: { type: 'string' } }, required: [argument] };
  return {
    name,
    description,
    ...(inputSchema && { inputSchema }),
    call: async (args, ctx) => (await ask(ctx, { by: name, rounds: inputs(args, ctx), stateful })) ?? answers(ctx),
  };
}

const NAME = elicit('Who are you?', { name: { type: 'string' } });
const CONFIRM = elicit('Are you sure?', { ok: { type: 'boolean' } });
const COLOR = elicit('And which colour?', { color: { type: 'string' } });

/** Leaves out what the client has not declared that it can answer. */
function answerable(inputs: InputRequests, ctx: ServerContext): InputRequests {
  // The SDK's type of the envelope has lost its members.
  const envelope = ctx.mcpReq.envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined;
  const { elicitation, sampling, roots } = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
  const declared: Record<string, unknown> = {
    'elicitation/create': elicitation,
    'sampling/createMessage': sampling,
    'roots/list': roots,
  };
  return Object.fromEntries(Object.entries(inputs).filter(([, { method }]) => declared[method] !== undefined));
}

/** Tools that cannot answer before the client has answered them. */
export const askingTools: readonly EverythingTool[] = [
  askingTool('test_sampling', 'Asks the model', ({ prompt }) => [{ answer: sample(String(prompt)) }], {
    argument: 'prompt',
  }),
  askingTool(
    'test_elicitation',
    'Asks the user',
    ({ message }) => [{ answer: elicit(String(message), { response: { type: 'string' } }) }],
    { argument: 'message' },
  ),
  askingTool('test_elicitation_sep1034_defaults', 'Asks with a form of defaults', () => [
    { answer: elicit('Is this right?', PRIMITIVES, []) },
  ]),
  askingTool('test_elicitation_sep1330_enums', 'Asks with a form of choices', () => [
    { answer: elicit('Which of these?', ENUMS, []) },
  ]),
  askingTool('test_missing_capability', 'Needs a client that can sample', () => [{ answer: sample('Anybody there?') }]),
  askingTool('test_input_required_result_elicitation', 'Asks for a name', () => [{ user_name: NAME }]),
  askingTool('test_input_required_result_sampling', 'Asks the model for a capital', () => [
    { capital_question: sample('Name the capital of France.') },
  ]),
  askingTool('test_input_required_result_list_roots', 'Asks for the roots', () => [
    { client_roots: inputRequired.listRoots() },
  ]),
  askingTool(
    'test_input_required_result_request_state',
    'Asks, and wants its state back',
    () => [{ confirm: CONFIRM }],
    { stateful: true },
  ),
  askingTool(
    'test_input_required_result_tampered_state',
    'Asks, and refuses another state',
    () => [{ confirm: CONFIRM }],
    { stateful: true },
  ),
  askingTool(
    'test_input_required_result_multiple_inputs',
    'Asks for three things at once',
    () => [{ user_name: NAME, greeting: sample('Say hello.'), client_roots: inputRequired.listRoots() }],
    { stateful: true },
  ),
  askingTool(
    'test_input_required_result_multi_round',
    'Asks for one thing after the other',
    () => [{ step1: NAME }, { step2: COLOR }],
    { stateful: true },
  ),
  askingTool('test_input_required_result_capabilities', 'Asks what the client can answer', (_, ctx) => [
    answerable({ user_name: NAME, greeting: sample('Say hello.'), client_roots: inputRequired.listRoots() }, ctx),
  ]),
];
