import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { Instant, WholeInstant } from './instant.tsx';

/** The name of a fact, and the fact. */
export type Fact = readonly [name: string, fact: ReactNode];

/** Facts about one thing, one below the other, in the order that is given. `label` names them for screen readers. */
export const Facts = ({ label = 'Facts', facts }: { readonly label?: string; readonly facts: readonly Fact[] }) => (
  <section aria-label={label}>
    <Table withRowBorders={false} verticalSpacing={4} w="auto">
      <Table.Tbody>
        {facts.map(([name, fact], at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: facts stand in a fixed order
          <Table.Tr key={at}>
            <Table.Th scope="row" fw={600} style={{ verticalAlign: 'top' }}>
              {name}
            </Table.Th>
            <Table.Td>{fact}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </section>
);

/** An instant as it is, and how far it is from now. */
export const Until = ({ at }: { readonly at: number | string }) => (
  <>
    <WholeInstant at={at} /> (<Instant at={at} />)
  </>
);
