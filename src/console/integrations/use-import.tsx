import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { client, Problem, type Schemas } from '../api.ts';
import { Outside } from '../ui/outside.tsx';
import { readSource, type SourceValues, serializeBody, sourceName } from './source.ts';

/** The key of the mutation that registers a document: other pages find it while it runs. */
export const REGISTER_KEY = ['register'];

/** A document that is being registered. */
export type Registration = {
  readonly name: string;
  /** The document in a few words. */
  readonly title: string;
  readonly source: SourceValues;
  readonly settings: Omit<Schemas['IntegrationCreate'], 'name'>;
};

/**
 * Registers a document. It ends with a message that also those see who have gone to another page. `onRead` is told of the
 * integration on the page that has asked.
 */
export const useRegister = () =>
  useMutation({
    mutationKey: REGISTER_KEY,
    mutationFn: async ({ name, source, settings }: Registration) => {
      const body = { name, ...settings, ...(await readSource(source)) };
      return dataOf(await client.POST('/integration', { body, bodySerializer: serializeBody }));
    },
    onSuccess: ({ name, tool_count: tools }) =>
      notifications.show({
        message: (
          <>
            <Outside>{name}</Outside> is read: {tools === 1 ? 'one tool' : `${tools} tools`}.
          </>
        ),
      }),
    onError: (error, { name }) =>
      notifications.show({
        color: 'red',
        message: (
          <>
            <Outside>{name}</Outside> was not registered: <Outside>{error.message}</Outside>
          </>
        ),
      }),
  });

/** Reads a document for an integration that is there. */
export const useReread = (id: string) =>
  useMutation({
    mutationKey: ['reread', id],
    mutationFn: async (source: SourceValues) => {
      const body = await readSource(source);
      const params = { path: { id } };
      return dataOf(await client.PATCH('/integration/{id}', { params, body, bodySerializer: serializeBody }));
    },
    onSuccess: ({ name, tool_count: tools }) =>
      notifications.show({
        message: (
          <>
            The new document of <Outside>{name}</Outside> is read: {tools === 1 ? 'one tool' : `${tools} tools`}.
          </>
        ),
      }),
    onError: (error, source) =>
      notifications.show({
        color: 'red',
        message: (
          <>
            <Outside>{sourceName(source)}</Outside> was not read: <Outside>{error.message}</Outside>
          </>
        ),
      }),
  });

function dataOf<T>({ data }: { readonly data?: T }): T {
  if (data === undefined) {
    throw new Problem(0, 'The answer has no content.', null);
  }
  return data;
}
