// The key typed into "Authorize" is kept in the page's memory only, and no validator elsewhere is asked.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
});
