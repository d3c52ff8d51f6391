import { useEffect, useRef } from "react";

/**
 * Keep the field that is being used where it stands in the window, whatever arrives above it:
 * an open list would be pushed out of sight with it, and close. Give what is returned to the form.
 */
export function useSteadyFocus() {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const form = ref.current;
    if (!form) return;
    let top: number | undefined;
    const placeInWindow = () =>
      form.contains(document.activeElement)
        ? document.activeElement?.getBoundingClientRect().top
        : undefined;
    const remember = () => {
      top = placeInWindow();
      // The browser keeps in place what it picks itself, which may be above: not both at once.
      document.documentElement.style.overflowAnchor = top === undefined ? "" : "none";
    };
    const restore = () => {
      const now = placeInWindow();
      if (now !== undefined && top !== undefined && now !== top) window.scrollBy(0, now - top);
      remember();
    };
    const observer = new ResizeObserver(restore);
    observer.observe(form);
    form.addEventListener("focusin", remember);
    form.addEventListener("focusout", remember);
    window.addEventListener("scroll", remember, { passive: true });
    return () => {
      observer.disconnect();
      form.removeEventListener("focusin", remember);
      form.removeEventListener("focusout", remember);
      window.removeEventListener("scroll", remember);
      document.documentElement.style.overflowAnchor = "";
    };
  }, []);
  return ref;
}
