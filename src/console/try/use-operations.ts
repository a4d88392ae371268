import { useQuery } from '@tanstack/react-query';
import { client } from '../api.ts';
import { operationsOf } from './document.ts';

/** Reads the operations of this server's document. It stays the same as long as the server runs. */
export const useOperations = () =>
  useQuery({
    queryKey: ['operations'],
    queryFn: async ({ signal }) => operationsOf((await client.GET('/openapi.json', { signal })).data ?? {}),
    staleTime: Number.POSITIVE_INFINITY,
  });
