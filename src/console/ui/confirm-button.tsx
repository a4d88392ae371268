import { Button, Group, Modal, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { keepFocus } from './page.tsx';
import { ProblemNotice } from './problem.tsx';

type ConfirmButtonProps = {
  /** What the button and its dialog do, such as “Delete” or “Rotate the secret”. */
  readonly action: string;
  /** The button's name for screen readers where several stand on a page, such as “Delete Sheets”: visible text. */
  readonly name?: string;
  /** The question of the dialog, such as “Delete Sheets?”. */
  readonly title: ReactNode;
  /** What the action takes with it, and whether it can be undone. */
  readonly children: ReactNode;
  /** Does it. An error stays in the dialog. It may lead to another page before it ends. */
  readonly onConfirm: () => Promise<unknown>;
  readonly size?: 'compact-sm' | 'sm';
};

/**
 * A button whose action is done after a second look: a dialog says the consequences first. Afterwards the focus is on the
 * button again, or on the heading of the page if the button has gone with the row.
 */
export function ConfirmButton({ action, name, title, children, onConfirm, size = 'sm' }: ConfirmButtonProps) {
  const [isOpen, { open, close }] = useDisclosure();
  const act = useMutation({
    mutationFn: onConfirm,
    onSuccess: () => {
      close();
      keepFocus();
    },
  });
  return (
    <>
      <Button
        color="red"
        variant="outline"
        size={size}
        {...(name !== undefined && { 'aria-label': name })}
        onClick={() => {
          act.reset();
          open();
        }}
      >
        {action}
      </Button>
      <Modal opened={isOpen} onClose={close} title={title} centered>
        <Stack gap="md">
          {children}
          {act.error !== null && <ProblemNotice error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              Cancel
            </Button>
            <Button color="red" onClick={() => act.mutate()} loading={act.isPending}>
              {action}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
