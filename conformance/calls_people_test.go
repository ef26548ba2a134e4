// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// apiCalls are compared. What is in them needs escaping where it can, and is
// empty, null, false or 0 somewhere.
var apiCalls = slices.Concat(userCalls, sessionCalls, organizationCalls, instanceCalls, machineCalls)

func some[T any](value T) backendapi.Optional[T] { return backendapi.Some(value) }

func null[T any]() backendapi.Optional[T] { return backendapi.Null[T]() }

// moment is new Date(1772366400500).
var moment = time.UnixMilli(1772366400500).UTC()

var userCalls = []apiCall{
	{reference: `users.getUser("user_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Get(ctx, "user_1")
	}},
	{reference: `users.getUser("Ada & Söhne +1=@")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Get(ctx, "Ada & Söhne +1=@")
	}},
	{reference: `users.getUser("user_1;a?limit=1#b")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Get(ctx, "user_1;a?limit=1#b")
	}, differs: pathEscape("/v1/users/user_1%3Ba%3Flimit=1%23b")},
	{reference: `users.deleteUser("user_1/mfa")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Delete(ctx, "user_1/mfa")
	}, differs: refusedID()},
	{
		reference: `users.getUserList({
			emailAddress: ["ada+test@example.com", "grüße@example.com"], userId: ["user_1", "-user_2"], externalId: [],
			query: "Ada & Co / 100% \"?#", banned: true, lastActiveAtSince: 1772366400500, limit: 500, offset: 20, orderBy: "-created_at",
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			emailAddress, userID := []string{"ada+test@example.com", "grüße@example.com"}, []string{"user_1", "-user_2"}
			query := some(`Ada & Co / 100% "?#`)
			_, _ = c.Users.List(ctx, backendapi.ListUsersParams{
				EmailAddress: emailAddress, UserID: userID, ExternalID: []string{}, Query: query, Banned: some(true),
				LastActiveAtSince: some(moment), Limit: some(500), Offset: some(20), OrderBy: some("-created_at"),
			})
			// The reference counts them, too.
			_, _ = c.Users.Count(ctx, backendapi.CountUsersParams{
				EmailAddress: emailAddress, UserID: userID, ExternalID: []string{}, Query: query, Banned: some(true), LastActiveAtSince: some(moment),
			})
		},
	},
	{reference: `users.getCount({ emailAddressQuery: "", banned: false, phoneNumber: ["+12015550100"] })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Count(ctx, backendapi.CountUsersParams{EmailAddressQuery: some(""), Banned: some(false), PhoneNumber: []string{"+12015550100"}})
	}, differs: zeroInQuery("email_address_query=", "banned=false")},
	{
		reference: `users.createUser({
			emailAddress: ["ada+test@example.com"], phoneNumber: [], firstName: "Ada <&>", lastName: null, externalId: "é/1",
			totpSecret: "AICJ3HCXKO4KOY6NDH6RII4E3ZYL5ZBH", web3Wallet: ["0x0"], backupCodes: [], skipPasswordChecks: false, createOrganizationsLimit: 0,
			publicMetadata: { camelKey: { innerKey: [1, "ü", null, false], "a b": {} }, snake_key: null },
			privateMetadata: {}, createdAt: new Date(1772366400500),
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Users.Create(ctx, backendapi.CreateUserParams{
				EmailAddress: []string{"ada+test@example.com"}, PhoneNumber: []string{},
				FirstName: some("Ada <&>"), LastName: null[string](), ExternalID: some("é/1"),
				TOTPSecret: some("AICJ3HCXKO4KOY6NDH6RII4E3ZYL5ZBH"), Web3Wallet: []string{"0x0"}, BackupCodes: []string{},
				SkipPasswordChecks: some(false), CreateOrganizationsLimit: some(0),
				PublicMetadata:  json.RawMessage(`{"camelKey":{"innerKey":[1,"ü",null,false],"a b":{}},"snake_key":null}`),
				PrivateMetadata: json.RawMessage(`{}`), CreatedAt: some(moment),
			})
		},
		differs: dateForm("created_at"),
	},
	{reference: `users.updateUser("user_1", { firstName: "", username: null, deleteSelfEnabled: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Update(ctx, "user_1", backendapi.UpdateUserParams{FirstName: some(""), Username: null[string](), DeleteSelfEnabled: some(false)})
	}},
	{reference: `users.updateUser("user_1", { lastName: "Lovelace", unsafeMetadata: { aB: 1 } })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Update(ctx, "user_1", backendapi.UpdateUserParams{LastName: some("Lovelace")})
	}, differs: withoutPath("metadata-method", "/v1/users/user_1/metadata")},
	{reference: `users.updateUserMetadata("user_1", { publicMetadata: { dropThis: null, keepThis: { andThis: 0 } } })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.UpdateMetadata(ctx, "user_1", backendapi.UpdateUserMetadataParams{
			PublicMetadata: json.RawMessage(`{"dropThis":null,"keepThis":{"andThis":0}}`),
		})
	}},
	{reference: `users.replaceUserMetadata("user_1", { privateMetadata: null, unsafeMetadata: { camelKey: true } })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.ReplaceMetadata(ctx, "user_1", backendapi.ReplaceUserMetadataParams{
			PrivateMetadata: json.RawMessage(`null`), UnsafeMetadata: json.RawMessage(`{"camelKey":true}`),
		})
	}},
	{reference: `users.updateUserProfileImage("user_1", { file: new File(["image"], "Ada.png", { type: "image/png" }) })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.SetProfileImage(ctx, "user_1", backendapi.SetUserProfileImageParams{
			File: backendapi.Upload{Name: "Ada.png", ContentType: "image/png", Content: strings.NewReader("image")},
		})
	}},
	{reference: `users.banUser("user_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.Ban(ctx, "user_1")
	}},
	{reference: `users.verifyTOTP({ userId: "user_1", code: "012345" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.VerifyTOTP(ctx, "user_1", backendapi.VerifyUserTOTPParams{Code: "012345"})
	}},
	{reference: `users.removePassword("user_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.RemovePassword(ctx, "user_1", backendapi.RemoveUserPasswordParams{})
	}, differs: noMembers()},
	{reference: `users.setPasswordCompromised("user_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.SetPasswordCompromised(ctx, "user_1", backendapi.SetUserPasswordCompromisedParams{})
	}, differs: speltDefaults("revoke_all_sessions")},
	{reference: `users.getUserOauthAccessToken("user_1", "google")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.ListOAuthAccessTokens(ctx, "user_1", "google", backendapi.ListUserOAuthAccessTokensParams{})
	}, differs: providerPrefix("/v1/users/user_1/oauth_access_tokens/google")},
	{reference: `users.getOrganizationInvitationList({ userId: "user_1", status: "pending", limit: 10 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.ListOrganizationInvitations(ctx, "user_1", backendapi.ListUserOrganizationInvitationsParams{
			Status: some(backendapi.OrganizationInvitationStatusPending), Limit: some(10),
		})
	}},
	{reference: `users.deleteUserPasskey({ userId: "user_1", passkeyIdentificationId: "idn_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Users.DeletePasskey(ctx, "user_1", "idn_1")
	}},
	{
		reference: `users.replaceUserEmailAddress("user_1", { emailAddress: "a@example.com", notifyPrimaryEmailAddressChanged: false })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Users.ReplaceEmailAddress(ctx, "user_1", backendapi.ReplaceUserEmailAddressParams{
				EmailAddress: "a@example.com", NotifyPrimaryEmailAddressChanged: some(false),
			})
		},
	},
	{reference: `emailAddresses.createEmailAddress({ userId: "user_1", emailAddress: "ü+1@example.com", verified: true, primary: false })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.EmailAddresses.Create(ctx, backendapi.CreateEmailAddressParams{
			UserID: "user_1", EmailAddress: "ü+1@example.com", Verified: some(true), Primary: some(false),
		})
	}},
	{reference: `emailAddresses.updateEmailAddress("idn_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.EmailAddresses.Update(ctx, "idn_1", backendapi.UpdateEmailAddressParams{})
	}, differs: noMembers()},
	{reference: `phoneNumbers.createPhoneNumber({ userId: "user_1", phoneNumber: "+12015550100", reservedForSecondFactor: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.PhoneNumbers.Create(ctx, backendapi.CreatePhoneNumberParams{
			UserID: "user_1", PhoneNumber: "+12015550100", ReservedForSecondFactor: some(true),
		})
	}},
	{reference: `phoneNumbers.updatePhoneNumber("idn_1", { verified: null, primary: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.PhoneNumbers.Update(ctx, "idn_1", backendapi.UpdatePhoneNumberParams{Verified: null[bool](), Primary: some(true)})
	}},
	{reference: `signUps.update({ signUpAttemptId: "sua_1", externalId: "a/b", customAction: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.SignUps.Update(ctx, "sua_1", backendapi.UpdateSignUpParams{ExternalID: some("a/b"), CustomAction: some(true)})
	}},
	{
		reference: `invitations.createInvitation({
			emailAddress: "a@example.com", redirectUrl: "https://example.com/?a=b&c=d#e", notify: false, expiresInDays: 7, publicMetadata: { planName: "gold" },
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Invitations.Create(ctx, backendapi.CreateInvitationParams{
				EmailAddress: "a@example.com", RedirectURL: some("https://example.com/?a=b&c=d#e"), Notify: some(false), ExpiresInDays: some(7),
				PublicMetadata: json.RawMessage(`{"planName":"gold"}`),
			})
		},
	},
	{
		reference: `invitations.createInvitationBulk([{ emailAddress: "a@example.com", ignoreExisting: true }, { emailAddress: "b@example.com", publicMetadata: { aB: { cD: 1 } } }])`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Invitations.CreateBulk(ctx, []backendapi.CreateInvitationBulkParams{
				{EmailAddress: "a@example.com", IgnoreExisting: some(true)},
				{EmailAddress: "b@example.com", PublicMetadata: json.RawMessage(`{"aB":{"cD":1}}`)},
			})
		},
	},
	{reference: `invitations.getInvitationList({ status: "pending", query: "a b", limit: 100 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Invitations.List(ctx, backendapi.ListInvitationsParams{
			Status: some(backendapi.InvitationStatusPending), Query: some("a b"), Limit: some(100),
		})
	}},
	{reference: `invitations.revokeInvitation("inv_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Invitations.Revoke(ctx, "inv_1")
	}},
	{reference: `invitations.deleteInvitation("inv_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Invitations.Delete(ctx, "inv_1")
	}},
	{reference: `waitlistEntries.createBulk([{ emailAddress: "a@example.com", notify: false }])`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.WaitlistEntries.CreateBulk(ctx, []backendapi.CreateWaitlistEntryBulkParams{{EmailAddress: "a@example.com", Notify: some(false)}})
	}},
	{reference: `waitlistEntries.invite("wle_1", { ignoreExisting: true })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.WaitlistEntries.Invite(ctx, "wle_1", backendapi.InviteWaitlistEntryParams{IgnoreExisting: some(true)})
	}},
	{reference: `waitlistEntries.list({ status: "invited", query: "", orderBy: "+created_at" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.WaitlistEntries.List(ctx, backendapi.ListWaitlistEntriesParams{
			Status: some(backendapi.WaitlistEntryStatusInvited), OrderBy: some("+created_at"), Query: some(""),
		})
	}, differs: zeroInQuery("query=")},
}
