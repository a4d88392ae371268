import { visibleText } from '../../base/visible-text.ts';

/** Text of servers, clients and documents: never markup, in a direction of its own, and with its invisible characters shown. */
export const Outside = ({ children }: { readonly children: string }) => (
  <bdi className="outside">{visibleText(children)}</bdi>
);

/** The same over several lines. Those who have no pointer scroll it with their keys. */
export const OutsideLines = ({ children }: { readonly children: string }) => (
  <pre className="outside">{visibleText(children, true)}</pre>
);
