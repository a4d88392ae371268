import { Badge, Group, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Problem } from '../api.ts';
import { parseExactly } from '../ui/exact-json.ts';
import { Facts } from '../ui/facts.tsx';
import { Outside, OutsideLines } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';
import type { Operation } from './document.ts';
import { type Answer, send, type Values } from './send.ts';

type AnswerState = { readonly answer: Answer | null; readonly error: unknown; readonly isOpen: boolean };
const NONE: AnswerState = { answer: null, error: null, isOpen: false };

/** The answer of the last request, and the ways to send one and to stop it. */
export function useAnswer() {
  const [state, setState] = useState(NONE);
  const abort = useRef(new AbortController());
  const stop = () => abort.current.abort();
  useEffect(() => () => abort.current.abort(), []);
  const begin = (operation: Operation, values: Values): void => {
    stop();
    const own = new AbortController();
    abort.current = own;
    setState({ ...NONE, isOpen: true });
    send(operation, values, own.signal, (answer) => setState({ answer, error: null, isOpen: answer.isOpen })).catch(
      (error: unknown) => {
        const isStopped = own.signal.aborted;
        const problem =
          error instanceof TypeError ? new Problem(0, `The request failed: ${error.message}.`, null) : error;
        setState((last) => ({ ...last, isOpen: false, error: isStopped ? null : problem }));
      },
    );
  };
  return { ...state, begin, stop };
}

/** Shows an answer as it is: status, headers, and the body as text. */
export function AnswerView({ answer, error }: { readonly answer: Answer | null; readonly error: unknown }) {
  return (
    <div aria-live="polite">
      {error !== null && <ProblemNotice error={error} />}
      {answer !== null && (
        <Section
          title="Answer"
          actions={
            <Badge color={answer.isOk ? 'green' : 'red'} variant="outline" size="lg" tt="none">
              {answer.status}
            </Badge>
          }
        >
          <Stack gap="sm">
            <details>
              <summary>{answer.headers.length} headers</summary>
              <Facts
                label="Headers of the answer"
                facts={answer.headers.map(([name, value]) => [name, <Outside key={name}>{value}</Outside>] as const)}
              />
            </details>
            {answer.body === '' ? (
              <Text size="sm">{answer.isOpen ? 'The body has not come yet.' : 'There is no body.'}</Text>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: those who have no pointer scroll it with their keys
              <section className="answer" aria-label="Body of the answer" tabIndex={0}>
                <OutsideLines>{readable(answer)}</OutsideLines>
              </section>
            )}
            <Group gap="sm">
              {answer.isOpen && <Text size="sm">The answer goes on.</Text>}
              {answer.isCut && <Text size="sm">Only the first part of the body is shown.</Text>}
            </Group>
          </Stack>
        </Section>
      )}
    </div>
  );
}

/** A whole body of JSON with its members below each other, anything else as it is. */
function readable({ body, headers, isOpen, isCut }: Answer): string {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  if (isOpen || isCut || !/json/.test(type)) {
    return body;
  }
  try {
    return JSON.stringify(parseExactly(body), null, 2);
  } catch {
    return body;
  }
}
