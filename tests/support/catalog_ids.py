"""Ids of the requirements of every built-in framework, typed from the public sources that are named here.

``1.2.1..8`` is 1.2.1 to 1.2.8, an underscore a space. The tests compare the catalogs with these lists; nothing in the
product reads them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_RANGE: Final = re.compile(r"^(?P<stem>.*?)(?P<first>\d+)\.\.(?P<last>\d+)$")


def listed(text: str) -> Iterator[str]:
    """The single ids of a list."""
    for word in text.split():
        if (match := _RANGE.match(word)) is None:
            yield word.replace("_", " ")
            continue
        stem, first, last = match.group("stem", "first", "last")
        for number in range(int(first), int(last) + 1):
            yield f"{stem}{number:0{len(first)}}".replace("_", " ")


IDS: Final[Mapping[str, tuple[str, str]]] = {
    "soc2": (
        "AICPA, 2017 Trust Services Criteria (With Revised Points of Focus - 2022), TSP section 100",
        """
        CC1.1..5 CC2.1..3 CC3.1..4 CC4.1..2 CC5.1..3 CC6.1..8 CC7.1..5 CC8.1 CC9.1..2 A1.1..3 C1.1..2 PI1.1..5
        P1.1 P2.1 P3.1..2 P4.1..3 P5.1..2 P6.1..7 P7.1 P8.1
        """,
    ),
    "hipaa": (
        "45 CFR 164.308, 164.310, 164.312, 164.314 and 164.316, as on ecfr.gov; (b)(2) of 164.308 is part of (b)(1)",
        """
        164.308(a)(1)(i) 164.308(a)(1)(ii)(A) 164.308(a)(1)(ii)(B) 164.308(a)(1)(ii)(C) 164.308(a)(1)(ii)(D)
        164.308(a)(2) 164.308(a)(3)(i) 164.308(a)(3)(ii)(A) 164.308(a)(3)(ii)(B) 164.308(a)(3)(ii)(C)
        164.308(a)(4)(i) 164.308(a)(4)(ii)(A) 164.308(a)(4)(ii)(B) 164.308(a)(4)(ii)(C) 164.308(a)(5)(i)
        164.308(a)(5)(ii)(A) 164.308(a)(5)(ii)(B) 164.308(a)(5)(ii)(C) 164.308(a)(5)(ii)(D) 164.308(a)(6)(i)
        164.308(a)(6)(ii) 164.308(a)(7)(i) 164.308(a)(7)(ii)(A) 164.308(a)(7)(ii)(B) 164.308(a)(7)(ii)(C)
        164.308(a)(7)(ii)(D) 164.308(a)(7)(ii)(E) 164.308(a)(8) 164.308(b)(1) 164.308(b)(3) 164.310(a)(1)
        164.310(a)(2)(i) 164.310(a)(2)(ii) 164.310(a)(2)(iii) 164.310(a)(2)(iv) 164.310(b) 164.310(c)
        164.310(d)(1) 164.310(d)(2)(i) 164.310(d)(2)(ii) 164.310(d)(2)(iii) 164.310(d)(2)(iv) 164.312(a)(1)
        164.312(a)(2)(i) 164.312(a)(2)(ii) 164.312(a)(2)(iii) 164.312(a)(2)(iv) 164.312(b) 164.312(c)(1)
        164.312(c)(2) 164.312(d) 164.312(e)(1) 164.312(e)(2)(i) 164.312(e)(2)(ii) 164.314(a)(1) 164.314(a)(2)(i)
        164.314(a)(2)(ii) 164.314(a)(2)(iii) 164.314(b)(1) 164.314(b)(2)(i) 164.314(b)(2)(ii) 164.314(b)(2)(iii)
        164.314(b)(2)(iv) 164.316(a) 164.316(b)(1) 164.316(b)(2)(i) 164.316(b)(2)(ii) 164.316(b)(2)(iii)
        """,
    ),
    "iso27001": (
        "ISO/IEC 27001:2022, table A.1",
        """
        A.5.1..37 A.6.1..8 A.7.1..14 A.8.1..34
        """,
    ),
    "nist_csf": (
        "NIST CSWP 29, The NIST Cybersecurity Framework (CSF) 2.0, appendix A",
        """
        GV.OC-01..05 GV.RM-01..07 GV.RR-01..04 GV.PO-01..02 GV.OV-01..03 GV.SC-01..10 ID.AM-01..05 ID.AM-07..08
        ID.RA-01..10 ID.IM-01..04 PR.AA-01..06 PR.AT-01..02 PR.DS-01..02 PR.DS-10..11 PR.PS-01..06 PR.IR-01..04
        DE.CM-01..03 DE.CM-06 DE.CM-09 DE.AE-02..04 DE.AE-06..08 RS.MA-01..05 RS.AN-03 RS.AN-06..08 RS.CO-02..03
        RS.MI-01..02 RC.RP-01..06 RC.CO-03..04
        """,
    ),
    "nist_800_53": (
        "NIST SP 800-53B, table 3-1 to 3-20, moderate baseline; NIST's OSCAL profile of the baseline",
        """
        AC-1..2 AC-2(1) AC-2(2) AC-2(3) AC-2(4) AC-2(5) AC-2(13) AC-3..6 AC-6(1) AC-6(2) AC-6(5) AC-6(7) AC-6(9)
        AC-6(10) AC-7..8 AC-11 AC-11(1) AC-12 AC-14 AC-17 AC-17(1) AC-17(2) AC-17(3) AC-17(4) AC-18 AC-18(1)
        AC-18(3) AC-19 AC-19(5) AC-20 AC-20(1) AC-20(2) AC-21..22 AT-1..2 AT-2(2) AT-2(3) AT-3..4 AU-1..3 AU-3(1)
        AU-4..6 AU-6(1) AU-6(3) AU-7 AU-7(1) AU-8..9 AU-9(4) AU-11..12 CA-1..2 CA-2(1) CA-3 CA-5..7 CA-7(1)
        CA-7(4) CA-9 CM-1..2 CM-2(2) CM-2(3) CM-2(7) CM-3 CM-3(2) CM-3(4) CM-4 CM-4(2) CM-5..7 CM-7(1) CM-7(2)
        CM-7(5) CM-8 CM-8(1) CM-8(3) CM-9..12 CM-12(1) CP-1..2 CP-2(1) CP-2(3) CP-2(8) CP-3..4 CP-4(1) CP-6
        CP-6(1) CP-6(3) CP-7 CP-7(1) CP-7(2) CP-7(3) CP-8 CP-8(1) CP-8(2) CP-9 CP-9(1) CP-9(8) CP-10 CP-10(2)
        IA-1..2 IA-2(1) IA-2(2) IA-2(8) IA-2(12) IA-3..4 IA-4(4) IA-5 IA-5(1) IA-5(2) IA-5(6) IA-6..8 IA-8(1)
        IA-8(2) IA-8(4) IA-11..12 IA-12(2) IA-12(3) IA-12(5) IR-1..3 IR-3(2) IR-4 IR-4(1) IR-5..6 IR-6(1) IR-6(3)
        IR-7 IR-7(1) IR-8 MA-1..3 MA-3(1) MA-3(2) MA-3(3) MA-4..6 MP-1..7 PE-1..6 PE-6(1) PE-8..13 PE-13(1)
        PE-14..17 PL-1..2 PL-4 PL-4(1) PL-8 PL-10..11 PS-1..9 RA-1..3 RA-3(1) RA-5 RA-5(2) RA-5(5) RA-5(11) RA-7
        RA-9 SA-1..4 SA-4(1) SA-4(2) SA-4(9) SA-4(10) SA-5 SA-8..9 SA-9(2) SA-10..11 SA-15 SA-15(3) SA-22 SC-1..2
        SC-4..5 SC-7 SC-7(3) SC-7(4) SC-7(5) SC-7(7) SC-7(8) SC-8 SC-8(1) SC-10 SC-12..13 SC-15 SC-17..18
        SC-20..23 SC-28 SC-28(1) SC-39 SI-1..2 SI-2(2) SI-3..4 SI-4(2) SI-4(4) SI-4(5) SI-5 SI-7 SI-7(1) SI-7(7)
        SI-8 SI-8(2) SI-10..12 SI-16 SR-1..2 SR-2(1) SR-3 SR-5..6 SR-8 SR-10..11 SR-11(1) SR-11(2) SR-12
        """,
    ),
    "pci_dss": (
        "PCI DSS v4.0.1, defined approach requirements of sections 1 to 12 and appendices A1 to A3",
        """
        1.1.1..2 1.2.1..8 1.3.1..3 1.4.1..5 1.5.1 2.1.1..2 2.2.1..7 2.3.1..2 3.1.1..2 3.2.1 3.3.1 3.3.1.1..3
        3.3.2..3 3.4.1..2 3.5.1 3.5.1.1..3 3.6.1 3.6.1.1..4 3.7.1..9 4.1.1..2 4.2.1 4.2.1.1..2 4.2.2 5.1.1..2
        5.2.1..3 5.2.3.1 5.3.1..2 5.3.2.1 5.3.3..5 5.4.1 6.1.1..2 6.2.1..3 6.2.3.1 6.2.4 6.3.1..3 6.4.1..3
        6.5.1..6 7.1.1..2 7.2.1..5 7.2.5.1 7.2.6 7.3.1..3 8.1.1..2 8.2.1..8 8.3.1..10 8.3.10.1 8.3.11 8.4.1..3
        8.5.1 8.6.1..3 9.1.1..2 9.2.1 9.2.1.1 9.2.2..4 9.3.1 9.3.1.1 9.3.2..4 9.4.1 9.4.1.1..2 9.4.2..5 9.4.5.1
        9.4.6..7 9.5.1 9.5.1.1..2 9.5.1.2.1 9.5.1.3 10.1.1..2 10.2.1 10.2.1.1..7 10.2.2 10.3.1..4 10.4.1 10.4.1.1
        10.4.2 10.4.2.1 10.4.3 10.5.1 10.6.1..3 10.7.1..3 11.1.1..2 11.2.1..2 11.3.1 11.3.1.1..3 11.3.2 11.3.2.1
        11.4.1..7 11.5.1 11.5.1.1 11.5.2 11.6.1 12.1.1..4 12.2.1 12.3.1..4 12.4.1..2 12.4.2.1 12.5.1..2 12.5.2.1
        12.5.3 12.6.1..3 12.6.3.1..2 12.7.1 12.8.1..5 12.9.1..2 12.10.1..4 12.10.4.1 12.10.5..7 A1.1.1..4
        A1.2.1..3 A2.1.1..3 A3.1.1..4 A3.2.1..2 A3.2.2.1 A3.2.3..5 A3.2.5.1..2 A3.2.6 A3.2.6.1 A3.3.1 A3.3.1.1
        A3.3.2..3 A3.4.1 A3.5.1
        """,
    ),
    "cis_aws": (
        "Prowler 5.46, cis_6.0_aws.json: ids of the CIS AWS Foundations Benchmark 6.0",
        """
        2.1..21 3.1.1..4 3.2.1..4 3.3.1 4.1..9 5.1..16 6.1.1..2 6.2..7
        """,
    ),
    "cis_azure": (
        "Prowler 5.46, cis_6.0_azure.json: ids of the CIS Azure Foundations Benchmark 6.0",
        """
        2.1.1..12 3.1.1 5.1.1..4 5.3.1..7 5.4..7 6.1.1.1..9 6.1.2.1..11 6.1.3.1 6.1.4..5 6.2 7.1..16 8.1.1.1
        8.1.2.1 8.1.3.1..5 8.1.4.1 8.1.5.1..2 8.1.6.1 8.1.7.1..4 8.1.8.1 8.1.9.1 8.1.10..16 8.2.1 8.3.1..11 8.4.1
        8.5 9.1.1..3 9.2.1..3 9.3.1.1..3 9.3.2.1..3 9.3.3.1 9.3.4..11
        """,
    ),
    "cis_gcp": (
        "Prowler 5.46, cis_5.0_gcp.json: ids of the CIS Google Cloud Foundations Benchmark 5.0",
        """
        1.1.1..4 1.2..18 2.1..17 3.1..12 4.1..12 5.1..2 6.1.1..3 6.2.1..8 6.3.1..7 6.4..9 7.1..4 8.1
        """,
    ),
    "nist_800_53_low": (
        "NIST SP 800-53B, low baseline; NIST's OSCAL profile of the baseline",
        """
        AC-1..3 AC-7..8 AC-14 AC-17..20 AC-22 AT-1..2 AT-2(2) AT-3..4 AU-1..6 AU-8..9 AU-11..12 CA-1..3 CA-5..7
        CA-7(4) CA-9 CM-1..2 CM-4..8 CM-10..11 CP-1..4 CP-9..10 IA-1..2 IA-2(1) IA-2(2) IA-2(8) IA-2(12) IA-4..5
        IA-5(1) IA-6..8 IA-8(1) IA-8(2) IA-8(4) IA-11 IR-1..2 IR-4..8 MA-1..2 MA-4..5 MP-1..2 MP-6..7 PE-1..3
        PE-6 PE-8 PE-12..16 PL-1..2 PL-4 PL-4(1) PL-10..11 PS-1..9 RA-1..3 RA-3(1) RA-5 RA-5(2) RA-5(11) RA-7
        SA-1..4 SA-4(10) SA-5 SA-8..9 SA-22 SC-1 SC-5 SC-7 SC-12..13 SC-15 SC-20..22 SC-39 SI-1..5 SI-12 SR-1..2
        SR-2(1) SR-3 SR-5 SR-8 SR-10..11 SR-11(1) SR-11(2) SR-12
        """,
    ),
    "nist_800_53_high": (
        "NIST SP 800-53B, high baseline; NIST's OSCAL profile of the baseline",
        """
        AC-1..2 AC-2(1) AC-2(2) AC-2(3) AC-2(4) AC-2(5) AC-2(11) AC-2(12) AC-2(13) AC-3..4 AC-4(4) AC-5..6
        AC-6(1) AC-6(2) AC-6(3) AC-6(5) AC-6(7) AC-6(9) AC-6(10) AC-7..8 AC-10..11 AC-11(1) AC-12 AC-14 AC-17
        AC-17(1) AC-17(2) AC-17(3) AC-17(4) AC-18 AC-18(1) AC-18(3) AC-18(4) AC-18(5) AC-19 AC-19(5) AC-20
        AC-20(1) AC-20(2) AC-21..22 AT-1..2 AT-2(2) AT-2(3) AT-3..4 AU-1..3 AU-3(1) AU-4..5 AU-5(1) AU-5(2) AU-6
        AU-6(1) AU-6(3) AU-6(5) AU-6(6) AU-7 AU-7(1) AU-8..9 AU-9(2) AU-9(3) AU-9(4) AU-10..12 AU-12(1) AU-12(3)
        CA-1..2 CA-2(1) CA-2(2) CA-3 CA-3(6) CA-5..7 CA-7(1) CA-7(4) CA-8 CA-8(1) CA-9 CM-1..2 CM-2(2) CM-2(3)
        CM-2(7) CM-3 CM-3(1) CM-3(2) CM-3(4) CM-3(6) CM-4 CM-4(1) CM-4(2) CM-5 CM-5(1) CM-6 CM-6(1) CM-6(2) CM-7
        CM-7(1) CM-7(2) CM-7(5) CM-8 CM-8(1) CM-8(2) CM-8(3) CM-8(4) CM-9..12 CM-12(1) CP-1..2 CP-2(1) CP-2(2)
        CP-2(3) CP-2(5) CP-2(8) CP-3 CP-3(1) CP-4 CP-4(1) CP-4(2) CP-6 CP-6(1) CP-6(2) CP-6(3) CP-7 CP-7(1)
        CP-7(2) CP-7(3) CP-7(4) CP-8 CP-8(1) CP-8(2) CP-8(3) CP-8(4) CP-9 CP-9(1) CP-9(2) CP-9(3) CP-9(5) CP-9(8)
        CP-10 CP-10(2) CP-10(4) IA-1..2 IA-2(1) IA-2(2) IA-2(5) IA-2(8) IA-2(12) IA-3..4 IA-4(4) IA-5 IA-5(1)
        IA-5(2) IA-5(6) IA-6..8 IA-8(1) IA-8(2) IA-8(4) IA-11..12 IA-12(2) IA-12(3) IA-12(4) IA-12(5) IR-1..2
        IR-2(1) IR-2(2) IR-3 IR-3(2) IR-4 IR-4(1) IR-4(4) IR-4(11) IR-5 IR-5(1) IR-6 IR-6(1) IR-6(3) IR-7 IR-7(1)
        IR-8 MA-1..2 MA-2(2) MA-3 MA-3(1) MA-3(2) MA-3(3) MA-4 MA-4(3) MA-5 MA-5(1) MA-6 MP-1..6 MP-6(1) MP-6(2)
        MP-6(3) MP-7 PE-1..3 PE-3(1) PE-4..6 PE-6(1) PE-6(4) PE-8 PE-8(1) PE-9..11 PE-11(1) PE-12..13 PE-13(1)
        PE-13(2) PE-14..15 PE-15(1) PE-16..18 PL-1..2 PL-4 PL-4(1) PL-8 PL-10..11 PS-1..4 PS-4(2) PS-5..9 RA-1..3
        RA-3(1) RA-5 RA-5(2) RA-5(4) RA-5(5) RA-5(11) RA-7 RA-9 SA-1..4 SA-4(1) SA-4(2) SA-4(5) SA-4(9) SA-4(10)
        SA-5 SA-8..9 SA-9(2) SA-10..11 SA-15 SA-15(3) SA-16..17 SA-21..22 SC-1..5 SC-7 SC-7(3) SC-7(4) SC-7(5)
        SC-7(7) SC-7(8) SC-7(18) SC-7(21) SC-8 SC-8(1) SC-10 SC-12 SC-12(1) SC-13 SC-15 SC-17..18 SC-20..24 SC-28
        SC-28(1) SC-39 SI-1..2 SI-2(2) SI-3..4 SI-4(2) SI-4(4) SI-4(5) SI-4(10) SI-4(12) SI-4(14) SI-4(20)
        SI-4(22) SI-5 SI-5(1) SI-6..7 SI-7(1) SI-7(2) SI-7(5) SI-7(7) SI-7(15) SI-8 SI-8(2) SI-10..12 SI-16
        SR-1..2 SR-2(1) SR-3 SR-5..6 SR-8..9 SR-9(1) SR-10..11 SR-11(1) SR-11(2) SR-12
        """,
    ),
    "nist_800_171": (
        "NIST SP 800-171 Revision 2, chapter 3",
        """
        3.1.1..22 3.2.1..3 3.3.1..9 3.4.1..9 3.5.1..11 3.6.1..3 3.7.1..6 3.8.1..9 3.9.1..2 3.10.1..6 3.11.1..3
        3.12.1..4 3.13.1..16 3.14.1..7
        """,
    ),
    "cmmc": (
        "32 CFR 170.14: 15 requirements of FAR 52.204-21(b)(1), 110 of NIST SP 800-171 r2, 24 of SP 800-172",
        """
        AC.L1-b.1.i AC.L1-b.1.ii AC.L1-b.1.iii AC.L1-b.1.iv IA.L1-b.1.v IA.L1-b.1.vi MP.L1-b.1.vii PE.L1-b.1.viii
        PE.L1-b.1.ix SC.L1-b.1.x SC.L1-b.1.xi SI.L1-b.1.xii SI.L1-b.1.xiii SI.L1-b.1.xiv SI.L1-b.1.xv
        AC.L2-3.1.1..22 AT.L2-3.2.1..3 AU.L2-3.3.1..9 CM.L2-3.4.1..9 IA.L2-3.5.1..11 IR.L2-3.6.1..3
        MA.L2-3.7.1..6 MP.L2-3.8.1..9 PS.L2-3.9.1..2 PE.L2-3.10.1..6 RA.L2-3.11.1..3 CA.L2-3.12.1..4
        SC.L2-3.13.1..16 SI.L2-3.14.1..7 AC.L3-3.1.2e AC.L3-3.1.3e AT.L3-3.2.1e AT.L3-3.2.2e CM.L3-3.4.1e
        CM.L3-3.4.2e CM.L3-3.4.3e IA.L3-3.5.1e IA.L3-3.5.3e IR.L3-3.6.1e IR.L3-3.6.2e PS.L3-3.9.2e RA.L3-3.11.1e
        RA.L3-3.11.2e RA.L3-3.11.3e RA.L3-3.11.4e RA.L3-3.11.5e RA.L3-3.11.6e RA.L3-3.11.7e CA.L3-3.12.1e
        SC.L3-3.13.4e SI.L3-3.14.1e SI.L3-3.14.3e SI.L3-3.14.6e
        """,
    ),
    "fedramp_20x": (
        "FedRAMP 20x key security indicators of July 2026, as in Prowler 5.46, fedramp_20x_ksi_2026.json",
        """
        KSI-CED-RAT KSI-CMT-LMC KSI-CMT-RMV KSI-CMT-RVP KSI-CMT-VTD KSI-CNA-DFP KSI-CNA-EIS KSI-CNA-IBP
        KSI-CNA-MAT KSI-CNA-OFA KSI-CNA-RNT KSI-CNA-RVP KSI-CNA-ULN KSI-IAM-AAM KSI-IAM-APM KSI-IAM-ELP
        KSI-IAM-JIT KSI-IAM-SNU KSI-IAM-SUS KSI-INR-AAR KSI-INR-RIR KSI-INR-RPI KSI-MLA-ALA KSI-MLA-EVC
        KSI-MLA-LET KSI-MLA-OSM KSI-MLA-RVL KSI-PIY-GIV KSI-PIY-RES KSI-PIY-RIS KSI-PIY-RSD KSI-PIY-RVD
        KSI-RPL-ABO KSI-RPL-ARP KSI-RPL-RRO KSI-RPL-TRC KSI-SCR-MIT KSI-SCR-MON KSI-SVC-ACM KSI-SVC-ASM
        KSI-SVC-EIS KSI-SVC-PRR KSI-SVC-RUD KSI-SVC-SIN KSI-SVC-VCM KSI-SVC-VRI
        """,
    ),
    "cis_aws_7": (
        "Prowler 5.46, cis_7.0_aws.json: ids of the CIS AWS Foundations Benchmark 7.0",
        """
        2.1.1..6 2.2..21 3.1.1..4 3.2.1..4 3.3.1 4.1..10 5.1..16 6.1.1..2 6.2..8
        """,
    ),
    "iso27001_clauses": (
        "ISO/IEC 27001:2022, table of contents, clauses 4 to 10, at the lowest level with a number",
        """
        4.1..4 5.1..3 6.1.1..3 6.2..3 7.1..4 7.5.1..3 8.1..3 9.1 9.2.1..2 9.3.1..3 10.1..2
        """,
    ),
    "nis2": (
        "Commission Implementing Regulation (EU) 2024/2690, Annex: its headings at the lowest level",
        """
        1.1..2 2.1..3 3.1..6 4.1..3 5.1..2 6.1..10 7 8.1..2 9 10.1..4 11.1..7 12.1..5 13.1..3
        """,
    ),
    "dora": (
        "Regulation (EU) 2022/2554, articles that bind financial entities; 15, 20 to 22, 31 to 44 bind authorities",
        """
        Article_5..14 Article_16..19 Article_23..30 Article_45
        """,
    ),
    "c5": (
        "Prowler 5.46, c5_aws.json: criteria of BSI C5:2025; not compared with the catalog of the BSI",
        """
        OIS-01..09 SP-01..03 HR-01..07 AM-01..12 PS-01..08 OPS-01..33 IAM-01..10 CRY-01..20 COS-01..08 PI-01..03
        DEV-01..16 SSO-01..08 SIM-01..06 BCM-01..05 COM-01..04 INQ-01..05 PSS-01..12
        """,
    ),
    "csa_ccm": (
        "CSA Cloud Controls Matrix 4.0: 197 controls in 17 domains",
        """
        A&A-01..06 AIS-01..07 BCR-01..11 CCC-01..09 CEK-01..21 DCS-01..15 DSP-01..19 GRC-01..08 HRS-01..13
        IAM-01..16 IPY-01..04 IVS-01..09 LOG-01..13 SEF-01..08 STA-01..14 TVM-01..10 UEM-01..14
        """,
    ),
}
"""By framework: the source, and the ids in its order."""
