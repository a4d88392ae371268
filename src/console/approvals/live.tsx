import { VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';
import { PUBLIC_PATH, queries } from '../api.ts';

const EVENTS = ['requested', 'decided', 'expired', 'outdated', 'used'];
/** Milliseconds between two questions where the server streams no events, as the mock. */
const POLL_MS = 5_000;

/** Keeps everything about approvals as the server has it: by its stream of events, or by asking where there is none. */
export function LiveApprovals() {
  const [last, setLast] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const refresh = () =>
      void queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[1]).startsWith('/api/approval-requests'),
      });
    const events = new EventSource(`${PUBLIC_PATH}/api/approval-requests/events`);
    for (const type of EVENTS) {
      events.addEventListener(type, () => {
        refresh();
        if (type === 'requested') {
          setLast(`A call waits for a decision, since ${new Date().toLocaleTimeString()}.`);
        }
      });
    }
    events.addEventListener('error', () => {
      // A browser connects again by itself unless the answer was no stream.
      if (events.readyState === EventSource.CLOSED) {
        timer ??= setInterval(refresh, POLL_MS);
      } else {
        refresh();
      }
    });
    return () => {
      events.close();
      clearInterval(timer);
    };
  }, []);
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {last}
    </VisuallyHidden>
  );
}
