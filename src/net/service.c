/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Service names: what IANA's registry of service names and port numbers (RFC 6335) calls the services that hosts run,
 * for the transports that they are spoken over today rather than all that were once reserved; and the names that people
 * use in place of the registered one (rdp, www, vnc-server, smtps, wireguard …), behind it in the row order.
 */
#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* clang-format off */
#define TCP(port, name)  {name, SG_PROTO_TCP, port}
#define UDP(port, name)  {name, SG_PROTO_UDP, port}
#define SCTP(port, name) {name, SG_PROTO_SCTP, port}
#define BOTH(port, name) TCP(port, name), UDP(port, name)

/* By port; of equals the name that sg_service_name gives comes first. https over udp is HTTP/3 (RFC 9114). */
static const struct sg_service services[] = {
	TCP(1, "tcpmux"), BOTH(7, "echo"), BOTH(9, "discard"), TCP(11, "systat"), BOTH(13, "daytime"),
	BOTH(17, "qotd"), BOTH(19, "chargen"), TCP(20, "ftp-data"), TCP(21, "ftp"), TCP(22, "ssh"), SCTP(22, "ssh"),
	TCP(23, "telnet"), TCP(25, "smtp"), BOTH(37, "time"), BOTH(42, "nameserver"), TCP(43, "whois"),
	TCP(43, "nicname"), BOTH(49, "tacacs"), BOTH(53, "domain"), UDP(67, "bootps"), UDP(68, "bootpc"),
	UDP(69, "tftp"), TCP(70, "gopher"), TCP(79, "finger"), BOTH(80, "http"), TCP(80, "www"), BOTH(88, "kerberos"),
	TCP(102, "iso-tsap"), TCP(104, "acr-nema"), TCP(109, "pop2"), TCP(110, "pop3"), BOTH(111, "sunrpc"),
	BOTH(111, "portmapper"), TCP(113, "auth"), TCP(113, "ident"), TCP(119, "nntp"), UDP(123, "ntp"),
	BOTH(135, "epmap"), BOTH(137, "netbios-ns"), UDP(138, "netbios-dgm"), TCP(139, "netbios-ssn"),
	TCP(143, "imap"), TCP(143, "imap2"), BOTH(161, "snmp"), BOTH(162, "snmptrap"), UDP(177, "xdmcp"),
	TCP(179, "bgp"), TCP(194, "irc"), TCP(199, "smux"), TCP(209, "qmtp"), TCP(210, "z39-50"), UDP(213, "ipx"),
	TCP(220, "imap3"), BOTH(264, "bgmp"), UDP(319, "ptp-event"), UDP(320, "ptp-general"), TCP(366, "odmr"),
	BOTH(369, "rpc2portmap"), BOTH(389, "ldap"), TCP(406, "imsp"), BOTH(427, "svrloc"), UDP(434, "mobileip-agent"),
	BOTH(443, "https"), TCP(444, "snpp"), BOTH(445, "microsoft-ds"), BOTH(464, "kpasswd"), TCP(465, "submissions"),
	TCP(465, "smtps"), BOTH(496, "pim-rp-disc"), UDP(500, "isakmp"), TCP(502, "mbap"), TCP(512, "exec"),
	UDP(512, "biff"), TCP(513, "login"), UDP(513, "who"), TCP(514, "shell"), UDP(514, "syslog"),
	TCP(515, "printer"), UDP(517, "talk"), UDP(518, "ntalk"), UDP(520, "router"), UDP(521, "ripng"),
	TCP(523, "ibm-db2"), BOTH(524, "ncp"), TCP(540, "uucp"), TCP(543, "klogin"), TCP(544, "kshell"),
	UDP(546, "dhcpv6-client"), UDP(547, "dhcpv6-server"), TCP(548, "afpovertcp"), BOTH(554, "rtsp"),
	TCP(563, "nntps"), TCP(587, "submission"), TCP(593, "http-rpc-epmap"),
	TCP(601, "syslog-conn"), UDP(623, "asf-rmcp"), TCP(628, "qmqp"), BOTH(631, "ipp"), TCP(636, "ldaps"),
	TCP(639, "msdp"), BOTH(646, "ldp"), TCP(647, "dhcp-failover"), BOTH(655, "tinc"), UDP(664, "asf-secure-rmcp"),
	TCP(674, "acap"), UDP(698, "olsr"), TCP(700, "epp"), TCP(705, "agentx"), TCP(706, "silc"),
	BOTH(749, "kerberos-adm"), UDP(750, "kerberos-iv"), TCP(783, "spamd"), TCP(802, "mbap-s"),
	TCP(830, "netconf-ssh"), TCP(847, "dhcp-failover2"), BOTH(853, "domain-s"), TCP(860, "iscsi"),
	TCP(861, "owamp-control"), BOTH(862, "twamp-control"), TCP(873, "rsync"), TCP(989, "ftps-data"),
	TCP(990, "ftps"), TCP(992, "telnets"), TCP(993, "imaps"), TCP(995, "pop3s"), TCP(1080, "socks"),
	TCP(1094, "rootd"), TCP(1099, "rmiregistry"), BOTH(1194, "openvpn"), TCP(1270, "opsmgr"),
	TCP(1352, "lotusnote"), TCP(1414, "ibm-mqseries"), TCP(1433, "ms-sql-s"), UDP(1434, "ms-sql-m"),
	TCP(1494, "ica"), BOTH(1512, "wins"), UDP(1604, "icabrowser"), UDP(1701, "l2tp"), UDP(1718, "h323gatedisc"),
	UDP(1719, "h323gatestat"), TCP(1720, "h323hostcall"), TCP(1723, "pptp"), BOTH(1755, "ms-streaming"),
	TCP(1801, "msmq"), BOTH(1812, "radius"), BOTH(1813, "radius-acct"), TCP(1883, "mqtt"), UDP(1900, "ssdp"),
	TCP(1935, "macromedia-fcs"), UDP(1985, "hsrp"), TCP(2000, "cisco-sccp"), UDP(2029, "hsrpv6"),
	BOTH(2049, "nfs"), TCP(2083, "radsec"), BOTH(2086, "gnunet"), TCP(2101, "rtcm-sc104"),
	TCP(2119, "gsigatekeeper"), UDP(2123, "gtp-control"), UDP(2152, "gtp-user"), TCP(2375, "docker"),
	TCP(2376, "docker-s"), TCP(2377, "swarm"), TCP(2379, "etcd-client"), TCP(2380, "etcd-server"),
	TCP(2401, "cvspserver"), UDP(2427, "mgcp-gateway"), TCP(2483, "ttc"), TCP(2484, "ttc-ssl"),
	UDP(2535, "madcap"), TCP(2628, "dict"), TCP(2638, "sybaseanywhere"), UDP(2727, "mgcp-callagent"),
	TCP(2775, "smpp"), TCP(2811, "gsiftp"), TCP(2869, "icslap"), SCTP(2904, "m2ua"), SCTP(2905, "m3ua"),
	UDP(2944, "megaco-h248"), SCTP(2944, "megaco-h248"), UDP(2945, "h248-binary"), SCTP(2945, "h248-binary"),
	TCP(2947, "gpsd"), TCP(3031, "eppc"), TCP(3050, "gds-db"), BOTH(3074, "xbox"), UDP(3130, "icpv2"),
	BOTH(3205, "isns"), UDP(3222, "glbp"), TCP(3260, "iscsi-target"), TCP(3268, "msft-gc"),
	TCP(3269, "msft-gc-ssl"), BOTH(3283, "net-assistant"), TCP(3306, "mysql"), TCP(3351, "btrieve"),
	BOTH(3389, "ms-wbt-server"), BOTH(3389, "rdp"), BOTH(3478, "stun"), BOTH(3478, "turn"), TCP(3493, "nut"),
	UDP(3544, "teredo"), SCTP(3565, "m2pa"), TCP(3632, "distcc"), TCP(3689, "daap"), TCP(3690, "svn"),
	BOTH(3702, "ws-discovery"), UDP(3784, "bfd-control"), UDP(3785, "bfd-echo"), UDP(3799, "radius-dynauth"),
	TCP(3868, "diameter"), SCTP(3868, "diameter"), BOTH(4172, "pcoip"), TCP(4190, "sieve"),
	TCP(4334, "netconf-ch-ssh"), TCP(4335, "netconf-ch-tls"), TCP(4353, "f5-iquery"), TCP(4369, "epmd"),
	TCP(4373, "remctl"), TCP(4460, "ntske"), UDP(4500, "ipsec-nat-t"), UDP(4569, "iax"), TCP(4691, "mtn"),
	BOTH(4739, "ipfix"), SCTP(4739, "ipfix"), BOTH(4740, "ipfixs"), SCTP(4740, "ipfixs"), UDP(4754, "gre-in-udp"),
	UDP(4755, "gre-udp-dtls"), UDP(4784, "bfd-multi-ctl"), TCP(4786, "smart-install"), UDP(4789, "vxlan"),
	UDP(4790, "vxlan-gpe"), TCP(4899, "radmin-port"), TCP(4949, "munin"), UDP(5004, "avt-profile-1"),
	UDP(5005, "avt-profile-2"), BOTH(5060, "sip"), SCTP(5060, "sip"), TCP(5061, "sips"), SCTP(5061, "sips"),
	TCP(5061, "sip-tls"), SCTP(5061, "sip-tls"), TCP(5222, "xmpp-client"), UDP(5246, "capwap-control"),
	UDP(5247, "capwap-data"), TCP(5269, "xmpp-server"), TCP(5280, "xmpp-bosh"), TCP(5308, "cfengine"),
	BOTH(5349, "stuns"), BOTH(5349, "turns"), UDP(5351, "nat-pmp"), UDP(5353, "mdns"), BOTH(5355, "llmnr"),
	TCP(5357, "wsdapi"), TCP(5358, "wsdapi-s"), TCP(5432, "postgresql"), TCP(5445, "smbdirect"),
	TCP(5556, "freeciv"), TCP(5666, "nrpe"), TCP(5671, "amqps"), TCP(5672, "amqp"), SCTP(5672, "amqp"),
	BOTH(5683, "coap"), BOTH(5684, "coaps"), TCP(5722, "msdfsr"), TCP(5868, "diameters"), SCTP(5868, "diameters"),
	TCP(5900, "rfb"), TCP(5900, "vnc-server"), BOTH(5938, "teamviewer"), TCP(5984, "couchdb"), TCP(5985, "wsman"),
	TCP(5986, "wsmans"), TCP(6000, "x11"), UDP(6081, "geneve"), UDP(6343, "sflow"), BOTH(6346, "gnutella-svc"),
	BOTH(6347, "gnutella-rtr"), TCP(6379, "redis"), TCP(6443, "sun-sr-https"), TCP(6513, "netconf-tls"),
	BOTH(6514, "syslog-tls"), TCP(6566, "sane-port"), UDP(6635, "mpls-udp"), TCP(6653, "openflow"),
	TCP(6665, "ircu"), TCP(6666, "ircu"), TCP(6667, "ircu"), TCP(6668, "ircu"), TCP(6669, "ircu"),
	UDP(6696, "babel"), TCP(6697, "ircs-u"), UDP(6784, "bfd-lag"), UDP(7000, "afs3-fileserver"),
	UDP(7001, "afs3-callback"), UDP(7002, "afs3-prserver"), UDP(7003, "afs3-vlserver"), UDP(7005, "afs3-volser"),
	UDP(7007, "afs3-bos"), TCP(7474, "neo4j"), TCP(8080, "http-alt"), TCP(8140, "puppet"),
	TCP(8333, "bitcoin"), TCP(8443, "pcsync-https"), UDP(8472, "otv"), BOTH(8554, "rtsp-alt"), UDP(8805, "pfcp"),
	TCP(8883, "secure-mqtt"), TCP(9100, "pdl-datastream"), TCP(9101, "bacula-dir"), TCP(9102, "bacula-fd"),
	TCP(9103, "bacula-sd"), TCP(9389, "adws"), TCP(9418, "git"), TCP(9443, "tungsten-https"), TCP(9667, "xmms2"),
	SCTP(9900, "iua"), TCP(10000, "ndmp"), TCP(10050, "zabbix-agent"), TCP(10051, "zabbix-trapper"),
	BOTH(10080, "amanda"), TCP(10161, "snmptls"), UDP(10161, "snmpdtls"), TCP(10162, "snmptls-trap"),
	UDP(10162, "snmpdtls-trap"), TCP(10809, "nbd"), TCP(11112, "dicom"), BOTH(11211, "memcache"),
	TCP(11371, "hkp"), SCTP(14001, "sua"), TCP(16992, "amt-soap-http"), TCP(16993, "amt-soap-https"),
	TCP(16994, "amt-redir-tcp"), TCP(16995, "amt-redir-tls"), BOTH(17500, "db-lsp"), TCP(24554, "binkp"),
	BOTH(26000, "quake"), SCTP(29118, "sgsap"), BOTH(33434, "traceroute"), SCTP(36412, "s1-control"),
	SCTP(36422, "x2-control"), SCTP(38412, "ng-control"), SCTP(38422, "xn-control"), TCP(41121, "tentacle"),
	TCP(47001, "winrm"), BOTH(47808, "bacnet"), UDP(51820, "wireguard"),
};
/* clang-format on */

static bool service_is(const struct sg_service *row, const char *name, size_t size)
{
	return row->name[0] == name[0] && !strncmp(row->name, name, size) && !row->name[size];
}

size_t sg_service_ports(const char *name, size_t size, uint8_t protocol, uint16_t *ret, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; size && i < SG_COUNT(services) && count < room; i++) {
		if (services[i].protocol == protocol && service_is(&services[i], name, size))
			ret[count++] = services[i].port;
	}
	return count;
}

bool sg_service_known(const char *name, size_t size)
{
	for (size_t i = 0; size && i < SG_COUNT(services); i++) {
		if (service_is(&services[i], name, size))
			return true;
	}
	return false;
}

const char *sg_service_name(uint8_t protocol, uint16_t port)
{
	size_t low = 0, high = SG_COUNT(services);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (services[middle].port < port)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < SG_COUNT(services) && services[low].port == port; low++) {
		if (services[low].protocol == protocol)
			return services[low].name;
	}
	return NULL;
}

const char *sg_service_next_name(size_t i, const void *unused)
{
	(void)unused;
	return i < SG_COUNT(services) ? services[i].name : NULL;
}
