// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

var instanceCalls = []apiCall{
	{reference: `allowlistIdentifiers.getAllowlistIdentifierList({ limit: 3, offset: 0 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.AllowlistIdentifiers.List(ctx, backendapi.ListAllowlistIdentifiersParams{Limit: some(3), Offset: some(0)})
	}, differs: zeroInQuery("offset=0")},
	{reference: `allowlistIdentifiers.createAllowlistIdentifier({ identifier: "*@example.com", notify: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.AllowlistIdentifiers.Create(ctx, backendapi.CreateAllowlistIdentifierParams{Identifier: "*@example.com", Notify: some(true)})
	}},
	{reference: `allowlistIdentifiers.deleteAllowlistIdentifier("alid_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.AllowlistIdentifiers.Delete(ctx, "alid_1")
	}},
	{reference: `blocklistIdentifiers.getBlocklistIdentifierList()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.BlocklistIdentifiers.List(ctx)
	}},
	{reference: `blocklistIdentifiers.createBlocklistIdentifier({ identifier: "+12015550100" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.BlocklistIdentifiers.Create(ctx, backendapi.CreateBlocklistIdentifierParams{Identifier: "+12015550100"})
	}},
	{reference: `domains.list()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Domains.List(ctx)
	}},
	{reference: `domains.add({ name: "example.com", isSatellite: true, proxyUrl: "https://example.com/__clerk" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Domains.Add(ctx, backendapi.AddDomainParams{Name: "example.com", IsSatellite: true, ProxyURL: some("https://example.com/__clerk")})
	}},
	{reference: `domains.update({ domainId: "dmn_1", proxyUrl: null, isSecondary: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Domains.Update(ctx, "dmn_1", backendapi.UpdateDomainParams{ProxyURL: null[string](), IsSecondary: some(false)})
	}},
	{reference: `redirectUrls.getRedirectUrlList()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.RedirectURLs.List(ctx, backendapi.ListRedirectURLsParams{})
	}},
	{reference: `redirectUrls.createRedirectUrl({ url: "myapp://callback?a=b c" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.RedirectURLs.Create(ctx, backendapi.CreateRedirectURLParams{URL: "myapp://callback?a=b c"})
	}},
	{reference: `instance.update({ testMode: false, allowedOrigins: [], urlBasedSessionSyncing: true, hibp: null })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_ = c.Instance.Update(ctx, backendapi.UpdateInstanceParams{
			TestMode: some(false), AllowedOrigins: []string{}, URLBasedSessionSyncing: some(true), HIBP: null[bool](),
		})
	}},
	{reference: `instance.updateRestrictions({ allowlist: true, blockEmailSubaddresses: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Instance.UpdateRestrictions(ctx, backendapi.UpdateInstanceRestrictionsParams{Allowlist: some(true), BlockEmailSubaddresses: some(false)})
	}},
	{reference: `instance.updateOrganizationSettings({ enabled: true, domainsEnrollmentModes: ["automatic_suggestion"], creatorRoleId: "role_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Instance.UpdateOrganizationSettings(ctx, backendapi.UpdateInstanceOrganizationSettingsParams{
			Enabled: some(true), DomainsEnrollmentModes: []string{"automatic_suggestion"}, CreatorRoleID: some("role_1"),
		})
	}},
	{reference: `betaFeatures.changeDomain({ homeUrl: "https://example.com" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_ = c.Instance.ChangeDomain(ctx, backendapi.ChangeInstanceDomainParams{HomeURL: some("https://example.com")})
	}, differs: describedPath("/v1/instance/change_domain")},
	{reference: `proxyChecks.verify({ domainId: "dmn_1", proxyUrl: "https://example.com/__clerk?" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.ProxyChecks.Verify(ctx, backendapi.VerifyProxyCheckParams{DomainID: some("dmn_1"), ProxyURL: some("https://example.com/__clerk?")})
	}},
	{reference: `webhooks.createSvixApp()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Webhooks.CreateSvixApp(ctx)
	}},
	{reference: `webhooks.deleteSvixApp()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_ = c.Webhooks.DeleteSvixApp(ctx)
	}},
	{reference: `oauthApplications.create({ name: "A", redirectUris: ["https://example.com/cb"], scopes: "profile email", pkceRequired: true, public: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OAuthApplications.Create(ctx, backendapi.CreateOAuthApplicationParams{
			Name: "A", RedirectURIs: some([]string{"https://example.com/cb"}), Scopes: some("profile email"), PKCERequired: some(true), Public: some(false),
		})
	}},
	{reference: `oauthApplications.list({ nameQuery: "a/b", limit: 10 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OAuthApplications.List(ctx, backendapi.ListOAuthApplicationsParams{NameQuery: some("a/b"), Limit: some(10)})
	}},
	{reference: `oauthApplications.rotateSecret("oa_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OAuthApplications.RotateSecret(ctx, "oa_1")
	}},
	{
		reference: `samlConnections.createSamlConnection({
			name: "S", domain: "example.com", provider: "saml_custom", idpSsoUrl: "https://idp.example.com?a=b",
			attributeMapping: { userId: "mail", emailAddress: "", firstName: null },
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.SAMLConnections.Create(ctx, backendapi.CreateSAMLConnectionParams{ //nolint:staticcheck // Deprecated, and yet the same.
				Name: "S", Domain: some("example.com"), Provider: backendapi.SAMLConnectionProviderSAMLCustom, IDPSSOURL: some("https://idp.example.com?a=b"),
				AttributeMapping: some(backendapi.CreateSAMLConnectionAttributeMapping{
					UserID: some("mail"), EmailAddress: some(""), FirstName: null[string](),
				}),
			})
		},
	},
	{reference: `samlConnections.getSamlConnectionList({ query: "a b", organizationId: ["org_1", "org_2"] })`, ours: func(ctx context.Context, c *backendapi.Client) {
		//nolint:staticcheck // Deprecated, and yet the same.
		_, _ = c.SAMLConnections.List(ctx, backendapi.ListSAMLConnectionsParams{Query: some("a b"), OrganizationID: []string{"org_1", "org_2"}})
	}},
	{
		reference: `enterpriseConnections.createEnterpriseConnection({
			name: "E", provider: "saml_custom", domains: ["example.com"], syncUserAttributes: false, authenticatable: true, disableJitProvisioning: true,
			saml: { idpEntityId: "id", idpCertificates: ["a", "b"], allowIdpInitiated: false, attributeMapping: { emailAddress: "mail" },
				loginHint: { mode: "email_address" } },
			oidc: { requiresPkce: true, userInfoUrl: "https://example.com" },
			customAttributes: [{ name: "N", key: "theKey", ssoPath: "a.bC", multiValued: false }],
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.EnterpriseConnections.Create(ctx, backendapi.CreateEnterpriseConnectionParams{
				Name: "E", Provider: backendapi.EnterpriseConnectionProviderSAMLCustom, Domains: []string{"example.com"},
				SyncUserAttributes: some(false), Authenticatable: some(true), DisableJITProvisioning: some(true),
				SAML: some(backendapi.CreateEnterpriseConnectionSAML{
					IDPEntityID: some("id"), IDPCertificates: []string{"a", "b"}, AllowIDPInitiated: some(false),
					AttributeMapping: some(backendapi.CreateEnterpriseConnectionSAMLAttributeMapping{EmailAddress: some("mail")}),
					LoginHint:        some(backendapi.CreateEnterpriseConnectionSAMLLoginHint{Mode: "email_address"}),
				}),
				OIDC: some(backendapi.CreateEnterpriseConnectionOIDC{RequiresPKCE: some(true), UserInfoURL: some("https://example.com")}),
				CustomAttributes: []backendapi.CreateEnterpriseConnectionCustomAttribute{
					{Name: "N", Key: "theKey", SSOPath: some("a.bC"), MultiValued: some(false)},
				},
			})
		},
	},
	{reference: `enterpriseConnections.getEnterpriseConnectionList({ organizationId: "org_1", active: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.EnterpriseConnections.List(ctx, backendapi.ListEnterpriseConnectionsParams{OrganizationID: some("org_1"), Active: some(false)})
	}, differs: zeroInQuery("active=false")},
	{reference: `enterpriseConnections.updateEnterpriseConnection("entconn_1", { provider: "saml_google", domains: [], active: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.EnterpriseConnections.Update(ctx, "entconn_1", backendapi.UpdateEnterpriseConnectionParams{
			Provider: some("saml_google"), Domains: some([]string{}), Active: some(false),
		})
	}},
}
