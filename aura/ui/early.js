/* Runs before Gradio's own scripts: Gradio takes its language from the browser alone and
   its theme from the system alone, so a person's own choice must be in place first. */
(() => {
  const LANGUAGES = __LANGUAGES__, WANTED = "__WANTED__";
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const known = (lang) => (LANGUAGES.includes(lang) ? lang : null);

  const browser = (navigator.language || "en").slice(0, 2).toLowerCase();
  const lang = known(stored("aura-lang")) || known(WANTED) || known(browser) || "en";
  Object.defineProperty(navigator, "language", { get: () => lang, configurable: true });
  Object.defineProperty(navigator, "languages", { get: () => [lang], configurable: true });
  document.documentElement.lang = lang;
  document.cookie = `aura_lang=${lang};path=/;max-age=31536000;SameSite=Lax`;

  const system = window.matchMedia.bind(window);
  const dark = () => {
    const choice = stored("aura-theme");
    return choice ? choice === "dark" : system("(prefers-color-scheme: dark)").matches;
  };
  window.matchMedia = (query) => {
    const list = system(query);
    if (!/prefers-color-scheme:\s*dark/.test(query)) return list;
    return new Proxy(list, {
      get: (target, name) => {
        if (name === "matches") return dark();
        const value = target[name];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  document.documentElement.classList.toggle("dark", dark());
  document.documentElement.style.background = dark() ? "__DARK__" : "__LIGHT__";
})();
