import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type AnchorProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & ButtonProps;

/** A link to a page of the console that looks like a button. */
export const LinkButton = createLink(({ ref, ...props }: AnchorProps & { readonly ref?: Ref<HTMLAnchorElement> }) => (
  <Button component="a" {...props} {...(ref !== undefined && { ref })} />
));
