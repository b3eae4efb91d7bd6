/** React's `createElement` by a short name: what JSX becomes, several hundred times in the bundle. */
import { createElement, Fragment as ReactFragment } from 'react';

export const h = createElement;
export const Fragment = ReactFragment;
