/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-class.h"
#include "lab/lk-lab-request.h"

/* Answers as Windows writes them. */

typedef enum
{
  LK_LAB_FAULT_BAD_MESSAGE,
  LK_LAB_FAULT_NOT_UNDERSTOOD,
  LK_LAB_FAULT_ACTION,
  LK_LAB_FAULT_BAD_URI,
  LK_LAB_FAULT_NO_CLASS,
  LK_LAB_FAULT_NO_INSTANCE,
  LK_LAB_FAULT_SELECTORS,
  LK_LAB_FAULT_FILTER,
  LK_LAB_FAULT_WQL_URI,
  LK_LAB_FAULT_CONTEXT,
  LK_LAB_FAULT_MODE,
  LK_LAB_FAULT_ENVELOPE_SMALL,
  LK_LAB_FAULT_ENVELOPE_EXCEEDED,
  LK_LAB_FAULT_TIMED_OUT,
  LK_LAB_FAULT_DENIED,
  LK_LAB_FAULT_QUOTA,
  LK_LAB_FAULT_INTERNAL,
} LkLabFaultKind;

typedef struct
{
  const char *machine; /* its name, for faults */
  gboolean wmi_errors; /* this one reports providers' errors as MSFT_WmiError */
} LkLabVoice;

/* The envelope up to the start tag of the body; lk_xml_writer_finish() ends it. */
LkXmlWriter *lk_lab_answer_begin (const LkLabRequest *request, const char *action);
GBytes *lk_lab_answer_identify (const LkLabTraits *traits, gboolean authenticated);
/* The same as OMI has it: who made it, and nothing of Windows. */
GBytes *lk_lab_answer_identify_foreign (void);
/* @request may be NULL. @text replaces the usual words when not NULL. */
GBytes *lk_lab_answer_fault (const LkLabRequest *request,
                             const LkLabVoice *voice,
                             LkLabFaultKind kind,
                             const char *text);
/* An HRESULT of the licensing service. */
GBytes *lk_lab_answer_hresult (const LkLabRequest *request,
                               const LkLabVoice *voice,
                               guint32 code,
                               const char *text);
/* The OUTPUT of a method that gave 0. */
GBytes *lk_lab_answer_method (const LkLabRequest *request);

/* <p:Class> with all columns of the generation. */
void lk_lab_answer_write_object (LkXmlWriter *writer, const LkLabRow *row, gboolean is_dmtf);
/* <w:XmlFragment> with @n columns, as they were asked for. */
void lk_lab_answer_write_fragment (LkXmlWriter *writer,
                                   const LkLabRow *row,
                                   const LkLabColumn *const *columns,
                                   guint n);
void lk_lab_answer_write_epr (LkXmlWriter *writer, const LkLabRow *row, gboolean is_dmtf);
