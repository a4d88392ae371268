import { Badge } from '@mantine/core';

/** The method of a request. Those that only read have another colour. */
export const Method = ({ method }: { readonly method: string }) => (
  <Badge variant="light" radius="sm" miw={72} color={method === 'get' ? 'indigo' : 'orange'}>
    {method}
  </Badge>
);
