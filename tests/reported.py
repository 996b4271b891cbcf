"""Sample reports: one of RFC 9990, one of the older RFC 7489, one SMTP TLS report of RFC 8460."""

from __future__ import annotations

NEW = """<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:ext="https://ext.example/">
 <version>1.0</version>
 <report_metadata>
  <org_name>Valdoria Mail</org_name><email>dmarc@mail.example</email><extra_contact_info lang="en">call us</extra_contact_info>
  <report_id>r1@mail.example</report_id><date_range><begin>1795392000</begin><end>1795478399</end></date_range>
  <generator>lab 1</generator>
 </report_metadata>
 <policy_published>
  <domain>auroria.post</domain><discovery_method>treewalk</discovery_method><p>reject</p><np>reject</np><testing>n</testing>
 </policy_published>
 <record>
  <row><source_ip>2001:DB8:0:0::25</source_ip><count>1000000000</count>
   <policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>
    <reason><type>policy_test_mode</type><comment>a &lt;test&gt;</comment></reason></policy_evaluated></row>
  <identifiers><envelope_from/><header_from>auroria.post</header_from></identifiers>
  <auth_results><dkim><domain>auroria.post</domain><selector>s1</selector><result>pass</result></dkim>
   <spf><domain>mail.example</domain><scope>mfrom</scope><result>none</result></spf></auth_results>
 </record>
</feedback>"""
OLD = """<?xml version="1.0"?><feedback><report_metadata><org_name>o</org_name><email>d@old.example</email><report_id>7</report_id>
<date_range><begin>1</begin><end>2</end></date_range></report_metadata>
<policy_published><domain>auroria.post</domain><p>none</p><sp>none</sp><pct>50</pct></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim>
<spf>pass</spf></policy_evaluated></row><identifiers><header_from>auroria.post</header_from></identifiers>
<auth_results><spf><domain>auroria.post</domain><result>pass</result></spf></auth_results></record></feedback>"""
TLS = {
    "organization-name": "Valdoria Mail",
    "date-range": {"start-datetime": "2026-11-22T00:00:00Z", "end-datetime": "2026-11-22T23:59:59+00:00"},
    "contact-info": "tls@mail.example",
    "report-id": "t1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-string": ["version: STSv1"], "policy-domain": "auroria.post", "mx-host": "mx"},
            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 2},
            "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 2, "sending-mta-ip": "192.0.2.9"}],
        }
    ],
}
