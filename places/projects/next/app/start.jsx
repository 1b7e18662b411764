'use client';

import { useEffect } from 'react';

/** limbeck runs in browsers: what uses it is imported once the page is there. */
export function Start() {
  useEffect(() => {
    import('../main.js');
  }, []);
  return <p>limbeck</p>;
}
