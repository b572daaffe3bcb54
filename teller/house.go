package teller

import (
	"encoding/hex"
	"strings"

	"sekisho/balance"
)

// House logs of a tenant. Their names have a colon, those of wallets have none.
const (
	auditLogs = "audit:"
	callsLogs = "calls:"
)

// AuditLog is the house log that keeps who asked for numbers of a tenant on a day (UTC, YYYY-MM-DD).
func AuditLog(tenant, day string) string { return auditLogs + houseTenant(tenant) + ":" + day }

// AuditedOn says whether a log is one that [AuditLog] names for a day, whoever the tenant.
func AuditedOn(log, day string) bool {
	return strings.HasPrefix(log, auditLogs) && strings.HasSuffix(log, ":"+day)
}

// CallsLog is the house log that keeps what the key of a tenant's call means. There are 256 of a tenant, so
// that each stays short.
func CallsLog(tenant string, key balance.Key) string {
	return callsLogs + houseTenant(tenant) + ":" + hex.EncodeToString(key[1:2])
}

// houseTenant is a tenant in the name of a log: as it is called, or a hash where that is long or has a colon.
func houseTenant(tenant string) string {
	if len(tenant) > 64 || strings.Contains(tenant, ":") {
		return hex.EncodeToString(name("audit", tenant))
	}
	return tenant
}
