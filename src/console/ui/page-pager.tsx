import { Pagination } from '@mantine/core';

/** The rows of one page of a list. */
export const PAGE_ROWS = 100;

type PagePagerProps = {
  /** The page that is shown, from 0. */
  readonly page: number;
  /** The number of pages that there are. */
  readonly pages: number;
  readonly onPage: (page: number) => void;
};

/** Leads to the pages of a list that names its pages by numbers. A list of one page has none. */
export const PagePager = ({ page, pages, onPage }: PagePagerProps) => (
  <Pagination
    aria-label="Pages"
    hideWithOnePage
    total={pages}
    value={page + 1}
    onChange={(next) => onPage(next - 1)}
    getItemProps={(item) => ({ 'aria-label': `Page ${item}` })}
    getControlProps={(control) => ({ 'aria-label': `${control} page` })}
  />
);
