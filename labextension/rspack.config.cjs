// What the builder does not do by itself: the style sheets become part of the JavaScript, so they are made small, too.
module.exports = {
  module: {
    rules: [{ test: /\.css$/, enforce: 'pre', loader: 'builtin:lightningcss-loader', options: { minify: true } }]
  }
};
