// Voila insists on MathJax and would fetch it from elsewhere; the desk sets no formulas.
window.MathJax = { Hub: { Config() {}, Configured() {}, Queue() {}, Register: { StartupHook() {} } } };
