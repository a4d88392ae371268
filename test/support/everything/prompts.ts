import {
  type ContentBlock,
  fromJsonSchema,
  type GetPromptResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { ask, elicit } from './asking.ts';
import { PNG } from './samples.ts';

const user = (...blocks: ContentBlock[]): GetPromptResult => ({
  messages: blocks.map((content) => ({ role: 'user', content })),
});
const words = (text: string): ContentBlock => ({ type: 'text', text });

const args = <Name extends string>(...names: Name[]) =>
  fromJsonSchema<Record<Name, string>>({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: names,
  });
const TWO_ARGUMENTS = args('arg1', 'arg2');
const RESOURCE_URI = args('resourceUri');

/** What the argument of a prompt can be completed to. */
const COMPLETIONS = ['paris', 'park', 'party'];

/** Registers the prompts that the suites get, and the completion of their arguments. */
export function registerPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'A text' }, () => user(words('A prompt of one text.')));
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'A text with its arguments', argsSchema: TWO_ARGUMENTS },
    ({ arg1, arg2 }) => user(words(`The arguments are ${arg1} and ${arg2}.`)),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A resource and a text', argsSchema: RESOURCE_URI },
    ({ resourceUri: uri }) =>
      user(
        { type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'A resource within a prompt.' } },
        words('Sum it up.'),
      ),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'An image and a text' }, () =>
    user({ type: 'image', ...PNG }, words('What is it?')),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A text that asks first' },
    async (ctx: ServerContext) => {
      const form = elicit('What is it about?', { context: { type: 'string' } });
      const asked = await ask(ctx, { by: 'test_input_required_result_prompt', rounds: [{ user_context: form }] });
      return asked ?? user(words(JSON.stringify(ctx.mcpReq.inputResponses)));
    },
  );
  server.server.setRequestHandler('completion/complete', ({ params: { argument } }) => {
    const values = COMPLETIONS.filter((value) => value.startsWith(argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
}
