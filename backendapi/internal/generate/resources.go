// SPDX-License-Identifier: Apache-2.0

package main

// resource is one of the Backend API's resources: a field of Client, a service
// of its own and a file.
type resource struct {
	field string
	// singular is the Go name of one of it, plural of many when field is not.
	singular, plural string
	// doc says what it is, after "are" or "is".
	doc string
	// byHand is one whose service is not generated.
	byHand bool
}

// resources lists them all, in the order of Client's fields.
var resources = []*resource{
	{field: "ActorTokens", singular: "ActorToken", doc: "are what somebody signs in with in place of a user"},
	{field: "AdminPortalLinkTokens", singular: "AdminPortalLinkToken", doc: "are what an organization's administrators set up their own connections with"},
	{field: "AgentTasks", singular: "AgentTask", doc: "are what agents do on behalf of users"},
	{field: "AllowlistIdentifiers", singular: "AllowlistIdentifier", doc: "are who may sign up while the allowlist is on"},
	{field: "APIKeys", singular: "APIKey", doc: "are what users, organizations and machines call an API with"},
	{field: "BetaFeatures", singular: "Beta", doc: "are settings of an instance that Clerk may change"},
	{field: "Billing", singular: "Billing", doc: "is plans, prices, subscriptions and statements"},
	{field: "BlocklistIdentifiers", singular: "BlocklistIdentifier", doc: "are who may not sign up or sign in"},
	{field: "Clients", singular: "Client", doc: "are the browsers and devices that people are signed in with"},
	{field: "Directories", singular: "Directory", plural: "Directories", doc: "are where enterprises provision their users from"},
	{field: "Domains", singular: "Domain", doc: "are an instance's own: the primary one and its satellites"},
	{field: "EmailAddresses", singular: "EmailAddress", doc: "are users' email addresses"},
	{field: "Emails", singular: "Email", doc: "are what Clerk once sent to users for an application", byHand: true},
	{field: "EnterpriseConnections", singular: "EnterpriseConnection", doc: "are the identity providers that enterprises sign in with"},
	{field: "Instance", singular: "Instance", doc: "is the instance's settings"},
	{field: "Interstitial", singular: "Interstitial", doc: "is the page that older SDKs find sessions with", byHand: true},
	{field: "Invitations", singular: "Invitation", doc: "ask people to sign up to the application"},
	{field: "JWKS", singular: "JWKS", doc: "is the instance's key set", byHand: true},
	{field: "JWTTemplates", singular: "JWTTemplate", doc: "say what is in the tokens that are made for other services"},
	{field: "M2MTokens", singular: "M2MToken", doc: "are what machines show to each other"},
	{field: "Machines", singular: "Machine", doc: "are services that show M2M tokens to each other"},
	{field: "OAuthAccessTokens", singular: "OAuthAccessToken", doc: "are those of Clerk's OAuth identity provider", byHand: true},
	{field: "OAuthApplications", singular: "OAuthApplication", doc: "are those that sign people in with Clerk as the identity provider"},
	{field: "OrganizationDomains", singular: "OrganizationDomain", doc: "let people join an organization by their email address"},
	{field: "OrganizationInvitations", singular: "OrganizationInvitation", doc: "ask people to join an organization"},
	{field: "OrganizationMemberships", singular: "OrganizationMembership", doc: "are who belongs to an organization, with a role"},
	{field: "OrganizationPermissions", singular: "OrganizationPermission", doc: "are what organization roles allow"},
	{field: "OrganizationRoles", singular: "OrganizationRole", doc: "are what members of an organization may be"},
	{field: "Organizations", singular: "Organization", doc: "are groups of users"},
	{field: "PhoneNumbers", singular: "PhoneNumber", doc: "are users' phone numbers"},
	{field: "ProxyChecks", singular: "ProxyCheck", doc: "find out whether a proxy before the Frontend API works"},
	{field: "RedirectURLs", singular: "RedirectURL", doc: "are where native applications may be sent after signing in"},
	{field: "RoleSets", singular: "RoleSet", doc: "are the roles that an organization offers"},
	{field: "SAMLConnections", singular: "SAMLConnection", doc: "are the SAML identity providers that enterprises sign in with"},
	{field: "SCIMDirectories", singular: "SCIMDirectory", doc: "are the SCIM directories that enterprises provision their users from"},
	{field: "Sessions", singular: "Session", doc: "are those that people are signed in with"},
	{field: "SignInTokens", singular: "SignInToken", doc: "are what a user signs in with once"},
	{field: "SignUps", singular: "SignUp", doc: "are those of people who are not users yet"},
	{field: "SMSMessages", singular: "SMSMessage", doc: "are what Clerk once sent to users for an application", byHand: true},
	{field: "Templates", singular: "Template", doc: "are the texts of emails and SMS messages"},
	{field: "TestingTokens", singular: "TestingToken", doc: "let automated tests past bot detection"},
	{field: "Users", singular: "User", doc: "are the people who signed up"},
	{field: "WaitlistEntries", singular: "WaitlistEntry", plural: "WaitlistEntries", doc: "are people who wait to be let in"},
	{field: "Webhooks", singular: "Webhook", doc: "are sent by Svix, which this sets up"},
}

// typeNames has the Go names for schemas, and for what an operation answers with
// that has no name: that is by its operationId. Schemas of the same Go name
// become one type, with the members of all.
var typeNames = map[string]string{ //nolint:gosec // They are names, not secrets.
	"AttemptEmailAddressVerification":                  "Verification",
	"AttemptPhoneNumberVerification":                   "Verification",
	"BillingProrationDiscountDetail":                   "BillingProrationDiscount",
	"Client":                                           "ClientObject",
	"CommerceMoneyResponse":                            "Money",
	"CreateMachine":                                    "Machine",
	"CreateSessionToken":                               "SessionToken",
	"CreateSessionTokenFromTemplate":                   "SessionToken",
	"DeleteBackupCode":                                 "UserReference",
	"DeleteDirectoryGroupRoleMapping":                  "DeletedObject",
	"DeleteMachine":                                    "DeletedObject",
	"DeleteMachineScope":                               "DeletedMachineScope",
	"DeleteSCIMGroupRoleMapping":                       "DeletedObject",
	"DeleteTOTP":                                       "UserReference",
	"DisableMFA":                                       "UserReference",
	"EnterpriseConnectionTestRunResponse":              "EnterpriseConnectionTestRunURL",
	"ExternalAccountWithVerification":                  "ExternalAccount",
	"FeatureResponse":                                  "BillingFeature",
	"FeatureResponse-2":                                "BillingFeature",
	"GetMachineSecretKey":                              "MachineSecretKey",
	"GetOAuthAccessToken":                              "UserOAuthAccessToken",
	"MachineWithoutScopedMachines":                     "Machine",
	"OAuthApplicationWithSecret":                       "OAuthApplication",
	"OrganizationInvitationWithPublicOrganizationData": "OrganizationInvitation",
	"OrganizationWithLogo":                             "Organization",
	"Permission":                                       "OrganizationPermission",
	"PrepareEmailAddressVerification":                  "Verification",
	"PreparePhoneNumberVerification":                   "Verification",
	"RevokeInvitation":                                 "Invitation",
	"Role":                                             "OrganizationRole",
	"RotateMachineSecretKey":                           "MachineSecretKey",
	"UpdateInstanceAuthConfig":                         "BetaInstanceSettings",
	"VerifyPassword":                                   "PasswordVerification",
	"VerifyTOTP":                                       "TOTPVerification",
	"createAdminPortalLinkToken":                       "AdminPortalLinkToken",
	"createApiKey":                                     "APIKey",
	"createM2MToken":                                   "M2MToken",
	"deleteApiKey":                                     "DeletedObject",
	"getApiKey":                                        "APIKey",
	"getApiKeySecret":                                  "APIKeySecret",
	"getApiKeys":                                       "APIKey",
	"getM2MTokens":                                     "M2MToken",
	"revokeAdminPortalLinkToken":                       "AdminPortalLinkToken",
	"revokeApiKey":                                     "APIKey",
	"revokeM2MToken":                                   "M2MToken",
	"updateApiKey":                                     "APIKey",
}

// sharedTypes are those that belong to no resource.
var sharedTypes = map[string]bool{
	"ClerkError": true, "DeletedObject": true, "IdentificationLink": true, "Money": true, "TotalCount": true, "Verification": true,
}

// typeDocs say what types are whose names do not say it well.
var typeDocs = map[string]string{ //nolint:gosec // They are names, not secrets.
	"ClerkError":           "why Clerk says that something failed",
	"BetaInstanceSettings": "what Clerk says of an instance's settings after they changed",
	"ClientObject":         "a browser or device that people are signed in with",
	"DeletedObject":        "what Clerk says of what it deleted",
	"IdentificationLink":   "another way that the same user is known by",
	"Money":                "an amount of money, in the currency's smallest unit",
	"SvixURL":              "where the webhooks are managed",
	"TotalCount":           "a number of users",
	"UserOAuthAccessToken": "what an application may speak to another service with for a user",
	"UserReference":        "the ID of the user that something was done to",
	"Verification":         "how far it is verified whose something is, and in which way",
}

// byHand are the operations whose methods are written by hand, since they are
// not called or not answered as the others are.
var byHand = map[string]bool{
	"GetPublicInterstitial": true, "GetJWKS": true, "RefreshSession": true,
	"verifyApiKey": true, "verifyM2MToken": true, "verifyOAuthAccessToken": true,
}

// sentences are what the methods do that their names do not say well.
var sentences = map[string]string{ //nolint:gosec // They are names, not secrets.
	"AgentTasks.Create":                       "begins a task of an agent's",
	"BetaFeatures.UpdateDomain":               "changes the domain of a production instance",
	"BetaFeatures.UpdateInstanceSettings":     "changes how people may sign in",
	"Billing.ExtendSubscriptionItemFreeTrial": "lets the free trial of a subscription item last longer",
	"Billing.CreatePriceTransition":           "changes the price of a subscription item",
	"Billing.ApplySubscriptionItemDiscount":   "applies a discount to a subscription item",
	"Billing.ListStatementPaymentAttempts":    "lists the attempts to pay a statement",
	"Billing.RemoveSubscriptionItemDiscount":  "takes a discount off a subscription item",
	"Clients.Verify":                          "finds the client of a token",
	"EmailAddresses.AttemptVerification":      "verifies an email address with the code that was sent to it",
	"EmailAddresses.PrepareVerification":      "sends a code to an email address",
	"Instance.ChangeDomain":                   "changes the domain of a production instance",
	"Instance.Get":                            "fetches the instance",
	"Instance.Update":                         "changes the instance's settings",
	"Instance.GetProtect":                     "fetches the settings that protect the instance",
	"Instance.UpdateProtect":                  "changes the settings that protect the instance",
	"Instance.GetCommunication":               "fetches where the instance sends no messages to",
	"Instance.UpdateCommunication":            "changes where the instance sends no messages to",
	"Instance.UpdateRestrictions":             "changes who may sign up to the instance",
	"Invitations.CreateBulk":                  "invites several people at once",
	"OrganizationInvitations.CreateBulk":      "invites several people to an organization at once",
	"OrganizationInvitations.ListForInstance": "lists the invitations to all organizations",
	"OrganizationInvitations.List":            "lists the invitations to an organization",
	"OrganizationInvitations.ListPending":     "lists the invitations to an organization that nobody answered",
	"OrganizationMemberships.ListForInstance": "lists the memberships of all organizations",
	"OrganizationMemberships.List":            "lists the memberships of an organization",
	"OrganizationDomains.ListForInstance":     "lists the domains of all organizations",
	"OrganizationDomains.List":                "lists the domains of an organization",
	"OrganizationDomains.VerifyOwnership":     "verifies who owns an organization's domain",
	"PhoneNumbers.AttemptVerification":        "verifies a phone number with the code that was sent to it",
	"PhoneNumbers.PrepareVerification":        "sends a code to a phone number",
	"ProxyChecks.Verify":                      "checks whether the proxy of a domain works",
	"RoleSets.Replace":                        "deletes a role set, and puts another in its place",
	"Sessions.CreateToken":                    "makes a session token",
	"Sessions.CreateTokenFromTemplate":        "makes a token of a session by a JWT template",
	"Templates.Preview":                       "shows what a template will look like",
	"Templates.Revert":                        "goes back to Clerk's own template",
	"Templates.ToggleDelivery":                "says who delivers what a template is for",
	"Templates.Upsert":                        "changes a template, or makes it",
	"Users.BanMany":                           "bans several users at once",
	"Users.Count":                             "counts users",
	"Users.DisableMFA":                        "takes away all of a user's second factors",
	"Users.SetPasswordCompromised":            "has a user choose another password before signing in",
	"Users.UnbanMany":                         "lifts the bans of several users at once",
	"Users.Unban":                             "lifts the ban of a user",
	"Users.UnsetPasswordCompromised":          "lets a user keep a password that was said to be compromised",
	"Users.VerifyPassword":                    "checks a user's password",
	"Users.VerifyTOTP":                        "checks a user's TOTP or backup code",
	"Webhooks.CreateSvixApp":                  "makes the Svix application that sends the webhooks",
	"Webhooks.DeleteSvixApp":                  "deletes the Svix application that sends the webhooks",
	"Webhooks.GenerateSvixAuthURL":            "makes an address to manage the webhooks at",
}

// verbs are what the first word of a method says.
var verbs = map[string]string{
	"Add": "adds", "Adjust": "adjusts", "Apply": "applies", "Assign": "assigns", "Ban": "bans", "Cancel": "cancels", "Create": "creates",
	"Delete": "deletes", "Get": "fetches", "Invite": "invites", "List": "lists", "Lock": "locks", "Refresh": "refreshes", "Reject": "rejects",
	"Remove": "removes", "Replace": "replaces", "Revoke": "revokes", "Rotate": "rotates", "Set": "sets", "Unlock": "unlocks", "Update": "updates",
	"Upload": "uploads",
}
