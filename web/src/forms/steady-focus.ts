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
    // Counted from the top of the page, a place does not change when the user scrolls.
    let place: number | undefined;
    const placeInPage = () =>
      form.contains(document.activeElement)
        ? (document.activeElement?.getBoundingClientRect().top ?? 0) + window.scrollY
        : undefined;
    const remember = () => {
      place = placeInPage();
      // The browser keeps in place what it picks itself, which may be above: not both at once.
      document.documentElement.style.overflowAnchor = place === undefined ? "" : "none";
    };
    const restore = () => {
      const now = placeInPage();
      if (now !== undefined && place !== undefined) window.scrollBy(0, now - place);
      remember();
    };
    const observer = new ResizeObserver(restore);
    observer.observe(form);
    form.addEventListener("focusin", remember);
    form.addEventListener("focusout", remember);
    return () => {
      observer.disconnect();
      form.removeEventListener("focusin", remember);
      form.removeEventListener("focusout", remember);
      document.documentElement.style.overflowAnchor = "";
    };
  }, []);
  return ref;
}
