/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service.c - the built-in service names.
 *
 * Rows of TCP, UDP, SCTP and BOTH have the name that IANA's registry (RFC 6335) gives a service, for the transports
 * that hosts use today rather than all that were once reserved. Rows of ALSO_TCP and so on have the names that people
 * type: 'dns' for 'domain', 'postgres' for 'postgresql', 'prometheus' for a port that is registered for something else.
 * They are read, and never printed for a port.
 */
#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* clang-format off */
#define TCP(port, name)  {name, SG_PROTO_TCP, port, false}
#define UDP(port, name)  {name, SG_PROTO_UDP, port, false}
#define SCTP(port, name) {name, SG_PROTO_SCTP, port, false}
#define BOTH(port, name) TCP(port, name), UDP(port, name)
#define ALSO_TCP(port, name)  {name, SG_PROTO_TCP, port, true}
#define ALSO_UDP(port, name)  {name, SG_PROTO_UDP, port, true}
#define ALSO_SCTP(port, name) {name, SG_PROTO_SCTP, port, true}
#define ALSO_BOTH(port, name) ALSO_TCP(port, name), ALSO_UDP(port, name)

/* By port; of equals the name that sg_service_name gives comes first. https over udp is HTTP/3 (RFC 9114). */
static const struct sg_service services[] = {
	TCP(1, "tcpmux"), BOTH(7, "echo"), BOTH(9, "discard"), TCP(11, "systat"), BOTH(13, "daytime"), BOTH(17, "qotd"),
	BOTH(19, "chargen"), TCP(20, "ftp-data"), TCP(21, "ftp"), TCP(22, "ssh"), SCTP(22, "ssh"), TCP(23, "telnet"),
	TCP(25, "smtp"), BOTH(37, "time"), BOTH(42, "nameserver"), TCP(43, "whois"), ALSO_TCP(43, "nicname"),
	BOTH(49, "tacacs"), BOTH(53, "domain"), ALSO_BOTH(53, "dns"), UDP(67, "bootps"), ALSO_UDP(67, "dhcp"),
	UDP(68, "bootpc"), ALSO_UDP(68, "dhcp-client"), UDP(69, "tftp"), TCP(70, "gopher"), TCP(79, "finger"),
	BOTH(80, "http"), ALSO_TCP(80, "www"), BOTH(88, "kerberos"), ALSO_BOTH(88, "kerberos5"), ALSO_BOTH(88, "krb5"),
	ALSO_BOTH(88, "kerberos-sec"), TCP(102, "iso-tsap"), TCP(104, "acr-nema"), TCP(109, "pop2"), TCP(110, "pop3"),
	ALSO_TCP(110, "pop-3"), BOTH(111, "sunrpc"), ALSO_BOTH(111, "portmapper"), ALSO_BOTH(111, "rpcbind"),
	ALSO_BOTH(111, "rpc-bind"), ALSO_BOTH(111, "portmap"), TCP(113, "auth"), ALSO_TCP(113, "ident"),
	TCP(119, "nntp"), UDP(123, "ntp"), BOTH(135, "epmap"), ALSO_TCP(135, "msrpc"), BOTH(137, "netbios-ns"),
	UDP(138, "netbios-dgm"), TCP(139, "netbios-ssn"), TCP(143, "imap"), ALSO_TCP(143, "imap2"),
	ALSO_TCP(143, "imap4"), BOTH(161, "snmp"), BOTH(162, "snmptrap"), ALSO_BOTH(162, "snmp-trap"),
	UDP(177, "xdmcp"), TCP(179, "bgp"), TCP(194, "irc"), TCP(199, "smux"), TCP(209, "qmtp"), TCP(210, "z39-50"),
	ALSO_TCP(210, "z3950"), UDP(213, "ipx"), TCP(220, "imap3"), BOTH(264, "bgmp"), UDP(319, "ptp-event"),
	UDP(320, "ptp-general"), TCP(366, "odmr"), BOTH(369, "rpc2portmap"), BOTH(389, "ldap"), ALSO_UDP(389, "cldap"),
	TCP(406, "imsp"), BOTH(427, "svrloc"), UDP(434, "mobileip-agent"), BOTH(443, "https"), ALSO_UDP(443, "quic"),
	ALSO_UDP(443, "http3"), TCP(444, "snpp"), BOTH(445, "microsoft-ds"), ALSO_TCP(445, "smb"),
	ALSO_TCP(445, "cifs"), ALSO_TCP(445, "samba"), BOTH(464, "kpasswd"), TCP(465, "submissions"),
	ALSO_TCP(465, "smtps"), ALSO_TCP(465, "ssmtp"), BOTH(496, "pim-rp-disc"), UDP(500, "isakmp"),
	ALSO_UDP(500, "ike"), ALSO_UDP(500, "ipsec"), TCP(502, "mbap"), ALSO_TCP(502, "modbus"), TCP(512, "exec"),
	UDP(512, "biff"), ALSO_TCP(512, "rexec"), TCP(513, "login"), UDP(513, "who"), ALSO_TCP(513, "rlogin"),
	TCP(514, "shell"), UDP(514, "syslog"), ALSO_TCP(514, "rsh"), ALSO_TCP(514, "syslog"), TCP(515, "printer"),
	ALSO_TCP(515, "lpd"), UDP(517, "talk"), UDP(518, "ntalk"), UDP(520, "router"), ALSO_UDP(520, "rip"),
	ALSO_UDP(520, "route"), ALSO_UDP(520, "routed"), UDP(521, "ripng"), TCP(523, "ibm-db2"), BOTH(524, "ncp"),
	TCP(540, "uucp"), TCP(543, "klogin"), TCP(544, "kshell"), UDP(546, "dhcpv6-client"), UDP(547, "dhcpv6-server"),
	ALSO_UDP(547, "dhcpv6"), TCP(548, "afpovertcp"), ALSO_TCP(548, "afp"), BOTH(554, "rtsp"), TCP(563, "nntps"),
	TCP(587, "submission"), TCP(593, "http-rpc-epmap"), TCP(601, "syslog-conn"), UDP(623, "asf-rmcp"),
	ALSO_UDP(623, "ipmi"), TCP(628, "qmqp"), BOTH(631, "ipp"), ALSO_BOTH(631, "cups"), ALSO_TCP(631, "ipps"),
	TCP(636, "ldaps"), TCP(639, "msdp"), BOTH(646, "ldp"), TCP(647, "dhcp-failover"), BOTH(655, "tinc"),
	UDP(664, "asf-secure-rmcp"), TCP(674, "acap"), UDP(698, "olsr"), TCP(700, "epp"), TCP(705, "agentx"),
	TCP(706, "silc"), BOTH(749, "kerberos-adm"), ALSO_BOTH(749, "kadmin"), UDP(750, "kerberos-iv"),
	TCP(783, "spamd"), TCP(802, "mbap-s"), TCP(830, "netconf-ssh"), TCP(847, "dhcp-failover2"),
	BOTH(853, "domain-s"), ALSO_TCP(853, "dns-over-tls"), ALSO_UDP(853, "dns-over-quic"), TCP(860, "iscsi"),
	TCP(861, "owamp-control"), BOTH(862, "twamp-control"), TCP(873, "rsync"), TCP(989, "ftps-data"),
	TCP(990, "ftps"), TCP(992, "telnets"), TCP(993, "imaps"), TCP(995, "pop3s"), TCP(1080, "socks"),
	TCP(1094, "rootd"), TCP(1099, "rmiregistry"), BOTH(1194, "openvpn"), TCP(1270, "opsmgr"),
	TCP(1352, "lotusnote"), TCP(1414, "ibm-mqseries"), TCP(1433, "ms-sql-s"), ALSO_TCP(1433, "mssql"),
	ALSO_TCP(1433, "sqlserver"), UDP(1434, "ms-sql-m"), TCP(1494, "ica"), BOTH(1512, "wins"),
	ALSO_TCP(1521, "oracle"), UDP(1604, "icabrowser"), UDP(1701, "l2tp"), UDP(1718, "h323gatedisc"),
	UDP(1719, "h323gatestat"), TCP(1720, "h323hostcall"), TCP(1723, "pptp"), BOTH(1755, "ms-streaming"),
	TCP(1801, "msmq"), BOTH(1812, "radius"), BOTH(1813, "radius-acct"), ALSO_BOTH(1813, "radacct"),
	TCP(1883, "mqtt"), UDP(1900, "ssdp"), ALSO_UDP(1900, "upnp"), TCP(1935, "macromedia-fcs"),
	ALSO_TCP(1935, "rtmp"), UDP(1985, "hsrp"), TCP(2000, "cisco-sccp"), ALSO_TCP(2003, "graphite"),
	UDP(2029, "hsrpv6"), BOTH(2049, "nfs"), TCP(2083, "radsec"), BOTH(2086, "gnunet"), TCP(2101, "rtcm-sc104"),
	TCP(2119, "gsigatekeeper"), UDP(2123, "gtp-control"), UDP(2152, "gtp-user"), ALSO_TCP(2181, "zookeeper"),
	TCP(2375, "docker"), TCP(2376, "docker-s"), TCP(2377, "swarm"), TCP(2379, "etcd-client"),
	ALSO_TCP(2379, "etcd"), TCP(2380, "etcd-server"), TCP(2401, "cvspserver"), UDP(2427, "mgcp-gateway"),
	TCP(2483, "ttc"), TCP(2484, "ttc-ssl"), UDP(2535, "madcap"), TCP(2628, "dict"), TCP(2638, "sybaseanywhere"),
	UDP(2727, "mgcp-callagent"), TCP(2775, "smpp"), TCP(2811, "gsiftp"), TCP(2869, "icslap"), SCTP(2904, "m2ua"),
	SCTP(2905, "m3ua"), UDP(2944, "megaco-h248"), SCTP(2944, "megaco-h248"), UDP(2945, "h248-binary"),
	SCTP(2945, "h248-binary"), TCP(2947, "gpsd"), ALSO_TCP(3000, "grafana"), TCP(3031, "eppc"), TCP(3050, "gds-db"),
	ALSO_TCP(3050, "gds_db"), ALSO_TCP(3050, "firebird"), BOTH(3074, "xbox"), ALSO_TCP(3128, "squid"),
	UDP(3130, "icpv2"), BOTH(3205, "isns"), UDP(3222, "glbp"), TCP(3260, "iscsi-target"), TCP(3268, "msft-gc"),
	TCP(3269, "msft-gc-ssl"), BOTH(3283, "net-assistant"), ALSO_TCP(3300, "ceph-mon"), TCP(3306, "mysql"),
	ALSO_TCP(3306, "mariadb"), TCP(3351, "btrieve"), BOTH(3389, "ms-wbt-server"), ALSO_BOTH(3389, "rdp"),
	BOTH(3478, "stun"), ALSO_BOTH(3478, "turn"), TCP(3493, "nut"), UDP(3544, "teredo"), SCTP(3565, "m2pa"),
	TCP(3632, "distcc"), TCP(3689, "daap"), TCP(3690, "svn"), ALSO_TCP(3690, "subversion"),
	BOTH(3702, "ws-discovery"), ALSO_UDP(3702, "wsdd"), UDP(3784, "bfd-control"), UDP(3785, "bfd-echo"),
	UDP(3799, "radius-dynauth"), TCP(3868, "diameter"), SCTP(3868, "diameter"), BOTH(4172, "pcoip"),
	TCP(4190, "sieve"), ALSO_TCP(4222, "nats"), TCP(4334, "netconf-ch-ssh"), TCP(4335, "netconf-ch-tls"),
	TCP(4353, "f5-iquery"), TCP(4369, "epmd"), TCP(4373, "remctl"), TCP(4460, "ntske"), UDP(4500, "ipsec-nat-t"),
	ALSO_UDP(4500, "ipsec"), ALSO_TCP(4505, "salt-master"), ALSO_TCP(4506, "salt-master"), UDP(4569, "iax"),
	TCP(4691, "mtn"), BOTH(4739, "ipfix"), SCTP(4739, "ipfix"), BOTH(4740, "ipfixs"), SCTP(4740, "ipfixs"),
	UDP(4754, "gre-in-udp"), UDP(4755, "gre-udp-dtls"), UDP(4784, "bfd-multi-ctl"), TCP(4786, "smart-install"),
	UDP(4789, "vxlan"), UDP(4790, "vxlan-gpe"), TCP(4899, "radmin-port"), TCP(4949, "munin"),
	ALSO_TCP(5000, "docker-registry"), UDP(5004, "avt-profile-1"), UDP(5005, "avt-profile-2"),
	ALSO_TCP(5044, "logstash"), BOTH(5060, "sip"), SCTP(5060, "sip"), TCP(5061, "sips"), SCTP(5061, "sips"),
	ALSO_TCP(5061, "sip-tls"), ALSO_SCTP(5061, "sip-tls"), TCP(5222, "xmpp-client"), UDP(5246, "capwap-control"),
	UDP(5247, "capwap-data"), TCP(5269, "xmpp-server"), TCP(5280, "xmpp-bosh"), TCP(5308, "cfengine"),
	BOTH(5349, "stuns"), ALSO_BOTH(5349, "turns"), UDP(5351, "nat-pmp"), UDP(5353, "mdns"), BOTH(5355, "llmnr"),
	TCP(5357, "wsdapi"), TCP(5358, "wsdapi-s"), TCP(5432, "postgresql"), ALSO_TCP(5432, "postgres"),
	ALSO_TCP(5432, "pgsql"), TCP(5445, "smbdirect"), TCP(5556, "freeciv"), ALSO_TCP(5601, "kibana"),
	TCP(5666, "nrpe"), ALSO_TCP(5667, "nsca"), TCP(5671, "amqps"), TCP(5672, "amqp"), SCTP(5672, "amqp"),
	ALSO_TCP(5672, "rabbitmq"), BOTH(5683, "coap"), BOTH(5684, "coaps"), TCP(5722, "msdfsr"),
	TCP(5868, "diameters"), SCTP(5868, "diameters"), TCP(5900, "rfb"), ALSO_TCP(5900, "vnc-server"),
	ALSO_TCP(5900, "vnc"), BOTH(5938, "teamviewer"), TCP(5984, "couchdb"), TCP(5985, "wsman"), TCP(5986, "wsmans"),
	TCP(6000, "x11"), UDP(6081, "geneve"), UDP(6343, "sflow"), BOTH(6346, "gnutella-svc"),
	BOTH(6347, "gnutella-rtr"), TCP(6379, "redis"), ALSO_TCP(6379, "valkey"), ALSO_TCP(6432, "pgbouncer"),
	TCP(6443, "sun-sr-https"), ALSO_TCP(6443, "kube-apiserver"), TCP(6513, "netconf-tls"), BOTH(6514, "syslog-tls"),
	ALSO_TCP(6556, "checkmk-agent"), TCP(6566, "sane-port"), UDP(6635, "mpls-udp"), TCP(6653, "openflow"),
	TCP(6665, "ircu"), TCP(6666, "ircu"), TCP(6667, "ircu"), ALSO_TCP(6667, "ircd"), TCP(6668, "ircu"),
	TCP(6669, "ircu"), UDP(6696, "babel"), TCP(6697, "ircs-u"), UDP(6784, "bfd-lag"), ALSO_TCP(6789, "ceph-mon"),
	UDP(7000, "afs3-fileserver"), UDP(7001, "afs3-callback"), UDP(7002, "afs3-prserver"),
	UDP(7003, "afs3-vlserver"), UDP(7005, "afs3-volser"), UDP(7007, "afs3-bos"), TCP(7474, "neo4j"),
	ALSO_TCP(8006, "proxmox"), TCP(8080, "http-alt"), ALSO_TCP(8080, "webcache"), ALSO_TCP(8086, "influxdb"),
	ALSO_TCP(8096, "jellyfin"), ALSO_UDP(8125, "statsd"), TCP(8140, "puppet"), ALSO_TCP(8200, "vault"),
	TCP(8333, "bitcoin"), TCP(8443, "pcsync-https"), UDP(8472, "otv"), ALSO_TCP(8500, "consul"),
	BOTH(8554, "rtsp-alt"), UDP(8805, "pfcp"), TCP(8883, "secure-mqtt"), ALSO_TCP(8883, "mqtts"),
	ALSO_TCP(9042, "cassandra"), ALSO_TCP(9050, "tor-socks"), ALSO_TCP(9090, "prometheus"),
	ALSO_TCP(9090, "cockpit"), ALSO_TCP(9091, "pushgateway"), ALSO_TCP(9092, "kafka"),
	ALSO_TCP(9093, "alertmanager"), TCP(9100, "pdl-datastream"), ALSO_TCP(9100, "jetdirect"),
	ALSO_TCP(9100, "node-exporter"), TCP(9101, "bacula-dir"), TCP(9102, "bacula-fd"), TCP(9103, "bacula-sd"),
	ALSO_TCP(9200, "elasticsearch"), ALSO_TCP(9200, "opensearch"), TCP(9389, "adws"), TCP(9418, "git"),
	TCP(9443, "tungsten-https"), TCP(9667, "xmms2"), SCTP(9900, "iua"), ALSO_UDP(9993, "zerotier"),
	TCP(10000, "ndmp"), ALSO_TCP(10000, "webmin"), TCP(10050, "zabbix-agent"), TCP(10051, "zabbix-trapper"),
	BOTH(10080, "amanda"), TCP(10161, "snmptls"), UDP(10161, "snmpdtls"), TCP(10162, "snmptls-trap"),
	UDP(10162, "snmpdtls-trap"), ALSO_TCP(10250, "kubelet"), ALSO_TCP(10257, "kube-controller-manager"),
	ALSO_TCP(10259, "kube-scheduler"), TCP(10809, "nbd"), TCP(11112, "dicom"), BOTH(11211, "memcache"),
	ALSO_BOTH(11211, "memcached"), TCP(11371, "hkp"), SCTP(14001, "sua"), ALSO_TCP(15672, "rabbitmq-management"),
	ALSO_TCP(16509, "libvirt"), ALSO_TCP(16514, "libvirt-tls"), TCP(16992, "amt-soap-http"),
	TCP(16993, "amt-soap-https"), TCP(16994, "amt-redir-tcp"), TCP(16995, "amt-redir-tls"), BOTH(17500, "db-lsp"),
	ALSO_TCP(19999, "netdata"), ALSO_BOTH(20048, "mountd"), ALSO_UDP(21027, "syncthing"),
	ALSO_TCP(22000, "syncthing"), ALSO_UDP(22000, "syncthing"), ALSO_BOTH(24224, "fluentd"), TCP(24554, "binkp"),
	ALSO_TCP(25565, "minecraft"), BOTH(26000, "quake"), ALSO_TCP(26379, "redis-sentinel"), TCP(27017, "mongodb"),
	ALSO_TCP(27017, "mongo"), SCTP(29118, "sgsap"), ALSO_TCP(32400, "plex"), ALSO_TCP(33060, "mysqlx"),
	BOTH(33434, "traceroute"), SCTP(36412, "s1-control"), SCTP(36422, "x2-control"), SCTP(38412, "ng-control"),
	SCTP(38422, "xn-control"), TCP(41121, "tentacle"), ALSO_UDP(41641, "tailscale"), TCP(47001, "winrm"),
	BOTH(47808, "bacnet"), ALSO_BOTH(51413, "transmission"), UDP(51820, "wireguard"), ALSO_TCP(61616, "activemq"),
	ALSO_BOTH(64738, "mumble"),
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
		if (services[low].protocol == protocol && !services[low].also)
			return services[low].name;
	}
	return NULL;
}

const struct sg_service *sg_service_at(size_t i)
{
	return i < SG_COUNT(services) ? &services[i] : NULL;
}

const char *sg_service_next_name(size_t i, const void *unused)
{
	(void)unused;
	return i < SG_COUNT(services) ? services[i].name : NULL;
}
