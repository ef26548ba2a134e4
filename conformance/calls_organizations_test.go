// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

var organizationCalls = []apiCall{
	{
		reference: `organizations.getOrganizationList({ query: "Söhne & Töchter", userId: ["+user_1", "-user_2"], includeMembersCount: true, orderBy: "-name" })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Organizations.List(ctx, backendapi.ListOrganizationsParams{
				Query: some("Söhne & Töchter"), UserID: []string{"+user_1", "-user_2"}, IncludeMembersCount: some(true), OrderBy: some("-name"),
			})
		},
	},
	{reference: `organizations.getOrganization({ slug: "söhne-&-töchter", includeMembersCount: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Organizations.Get(ctx, "söhne-&-töchter", backendapi.GetOrganizationParams{IncludeMembersCount: some(true)})
	}},
	{
		reference: `organizations.createOrganization({ name: "Acme", createdBy: "user_1", maxAllowedMemberships: 0, publicMetadata: { planName: null } })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Organizations.Create(ctx, backendapi.CreateOrganizationParams{
				Name: "Acme", CreatedBy: some("user_1"), MaxAllowedMemberships: some(0), PublicMetadata: json.RawMessage(`{"planName":null}`),
			})
		},
	},
	{reference: `organizations.updateOrganization("org_1", { slug: "acme-2", adminDeleteEnabled: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Organizations.Update(ctx, "org_1", backendapi.UpdateOrganizationParams{Slug: some("acme-2"), AdminDeleteEnabled: some(false)})
	}},
	{reference: `organizations.updateOrganizationMetadata("org_1", { privateMetadata: { innerKey: { evenDeeper: 1.5 } } })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Organizations.UpdateMetadata(ctx, "org_1", backendapi.UpdateOrganizationMetadataParams{
			PrivateMetadata: json.RawMessage(`{"innerKey":{"evenDeeper":1.5}}`),
		})
	}},
	{
		reference: `organizations.updateOrganizationLogo("org_1", { file: new File(["image"], "logo.png", { type: "image/png" }), uploaderUserId: "user_1" })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Organizations.UploadLogo(ctx, "org_1", backendapi.UploadOrganizationLogoParams{
				UploaderUserID: "user_1", File: backendapi.Upload{Name: "logo.png", ContentType: "image/png", Content: strings.NewReader("image")},
			})
		},
	},
	{reference: `organizations.deleteOrganization("org_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Organizations.Delete(ctx, "org_1")
	}},
	{
		reference: `organizations.getOrganizationMembershipList({
			organizationId: "org_1", role: ["org:admin", "org:basic_member"], emailAddress: ["a+b@example.com"], lastActiveAtBefore: 1772366400500, limit: 1,
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.OrganizationMemberships.List(ctx, "org_1", backendapi.ListOrganizationMembershipsParams{
				Role: []string{"org:admin", "org:basic_member"}, EmailAddress: []string{"a+b@example.com"}, LastActiveAtBefore: some(moment), Limit: some(1),
			})
		},
	},
	{reference: `organizations.getInstanceOrganizationMembershipList({ limit: 2, orderBy: "created_at" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationMemberships.ListForInstance(ctx, backendapi.ListInstanceOrganizationMembershipsParams{Limit: some(2), OrderBy: some("created_at")})
	}},
	{reference: `organizations.createOrganizationMembership({ organizationId: "org_1", userId: "user_1", role: "org:admin" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationMemberships.Create(ctx, "org_1", backendapi.CreateOrganizationMembershipParams{UserID: "user_1", Role: "org:admin"})
	}},
	{
		reference: `organizations.updateOrganizationMembershipMetadata({ organizationId: "org_1", userId: "user_1", publicMetadata: { deskNumber: 7 } })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.OrganizationMemberships.UpdateMetadata(ctx, "org_1", "user_1", backendapi.UpdateOrganizationMembershipMetadataParams{
				PublicMetadata: json.RawMessage(`{"deskNumber":7}`),
			})
		},
	},
	{reference: `organizations.deleteOrganizationMembership({ organizationId: "org_1", userId: "user_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationMemberships.Delete(ctx, "org_1", "user_1")
	}},
	{
		reference: `organizations.createOrganizationInvitation({
			organizationId: "org_1", emailAddress: "a@example.com", role: "org:admin", inviterUserId: null, expiresInDays: 1, publicMetadata: { aB: 1 },
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.OrganizationInvitations.Create(ctx, "org_1", backendapi.CreateOrganizationInvitationParams{
				EmailAddress: "a@example.com", Role: "org:admin", InviterUserID: null[string](), ExpiresInDays: some(1),
				PublicMetadata: json.RawMessage(`{"aB":1}`),
			})
		},
	},
	{
		reference: `organizations.createOrganizationInvitationBulk("org_1", [{ emailAddress: "a@example.com", role: "org:admin", redirectUrl: "https://example.com" }])`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.OrganizationInvitations.CreateBulk(ctx, "org_1", []backendapi.CreateOrganizationInvitationBulkParams{
				{EmailAddress: "a@example.com", Role: "org:admin", RedirectURL: some("https://example.com")},
			})
		},
	},
	{reference: `organizations.revokeOrganizationInvitation({ organizationId: "org_1", invitationId: "orginv_1", requestingUserId: "user_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationInvitations.Revoke(ctx, "org_1", "orginv_1", backendapi.RevokeOrganizationInvitationParams{RequestingUserID: some("user_1")})
	}},
	{reference: `organizations.createOrganizationDomain({ organizationId: "org_1", name: "example.com", enrollmentMode: "automatic_invitation" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationDomains.Create(ctx, "org_1", backendapi.CreateOrganizationDomainParams{
			Name: some("example.com"), EnrollmentMode: some("automatic_invitation"),
		})
	}, differs: speltDefaults("verified")},
	{reference: `organizations.getOrganizationDomainList({ organizationId: "org_1", limit: 20 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationDomains.List(ctx, "org_1", backendapi.ListOrganizationDomainsParams{Limit: some(20)})
	}},
	{reference: `organizationPermissions.createOrganizationPermission({ name: "Read", key: "org:a:read", description: "ü" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationPermissions.Create(ctx, backendapi.CreateOrganizationPermissionParams{Name: "Read", Key: "org:a:read", Description: some("ü")})
	}},
	{reference: `organizationRoles.updateOrganizationRole({ organizationRoleId: "role_1", permissions: [] })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationRoles.Update(ctx, "role_1", backendapi.UpdateOrganizationRoleParams{Permissions: some([]string{})})
	}},
	{reference: `organizationRoles.assignPermissionToOrganizationRole({ organizationRoleId: "role_1", permissionId: "perm_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OrganizationRoles.AssignPermission(ctx, "role_1", "perm_1")
	}},
	{
		reference: `roleSets.replaceRoleSet({ roleSetKeyOrId: "role_set:a", destRoleSetKey: "role_set:b", reassignmentMappings: { "org:theRole": "org:other" } })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.RoleSets.Replace(ctx, "role_set:a", backendapi.ReplaceRoleSetParams{
				DestRoleSetKey: "role_set:b", ReassignmentMappings: map[string]string{"org:theRole": "org:other"},
			})
		},
	},
	{reference: `billing.getPlanList({ payerType: "org", limit: 10, offset: 10 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Billing.ListPlans(ctx, backendapi.ListBillingPlansParams{
			PayerType: some(backendapi.BillingPlanPayerTypeOrg), Limit: some(10), Offset: some(10),
		})
	}, differs: totalCount()},
	{reference: `billing.cancelSubscriptionItem("subi_1", { endNow: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Billing.CancelSubscriptionItem(ctx, "subi_1", backendapi.CancelBillingSubscriptionItemParams{EndNow: some(true)})
	}},
	{reference: `billing.extendSubscriptionItemFreeTrial("subi_1", { extendTo: new Date(1772366400000) })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Billing.ExtendSubscriptionItemFreeTrial(ctx, "subi_1", backendapi.ExtendBillingSubscriptionItemFreeTrialParams{
			ExtendTo: moment.Truncate(time.Second),
		})
	}, differs: dateForm("extend_to")},
	{reference: `billing.getOrganizationBillingSubscription("org_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Organizations.GetBillingSubscription(ctx, "org_1")
	}},
}
