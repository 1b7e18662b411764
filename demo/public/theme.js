// Before the first paint: the theme that was chosen on an earlier visit. Without one the page follows the system.
try {
  const theme = localStorage.getItem('limbeck-demo-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // A page without storage follows the system.
}
